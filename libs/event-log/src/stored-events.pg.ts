import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import type { EntityManager } from 'typeorm';
import { prepared } from './prepared.pg.js';

export interface LastEvent {
  version: number;
  type: string;
  state: unknown;
}

const LOAD_LAST = 'select version, envelope from events where subject = $1 order by version desc limit 1';

/** The entity as its last event left it: `state` null where it was deleted, undefined where it never was. */
export async function loadLast(tx: EntityManager, subject: string): Promise<LastEvent | undefined> {
  const { rows } = await prepared<{ version: number; envelope: string }>(tx, {
    name: 'event-log last',
    text: LOAD_LAST,
    values: [subject],
  });
  return rows[0] && lastOf(rows[0]);
}

const LOAD_MANY = `
  select wanted.subject, last.version, last.envelope
  from unnest($1::text[]) as wanted (subject)
  cross join lateral (select version, envelope from events where subject = wanted.subject order by version desc limit
    1) as last`;

/** Of many entities in one round trip; those that never were are not in the map. */
export async function loadLastOfMany(tx: EntityManager, subjects: readonly string[]): Promise<Map<string, LastEvent>> {
  const { rows } = await prepared<{ subject: string; version: number; envelope: string }>(tx, {
    name: 'event-log last of many',
    text: LOAD_MANY,
    values: [subjects],
  });
  return new Map(rows.map((row) => [row.subject, lastOf(row)]));
}

function lastOf({ version, envelope: text }: { version: number; envelope: string }): LastEvent {
  const { type, data } = JSON.parse(text) as AnyEvent;
  return { version, type, state: data.state };
}

export interface StoredEvent {
  position: number;
  event: AnyEvent;
}

/**
 * Every event in the order of positions, for a rebuild. In a REPEATABLE READ transaction it is a
 * consistent snapshot; elsewhere a later commit of a lower position may be missed.
 */
export async function* readEvents(
  tx: EntityManager,
  options: { after?: number; batch?: number } = {},
): AsyncGenerator<StoredEvent[]> {
  const { batch = 5_000 } = options;
  for (let after = options.after ?? 0; ;) {
    const { rows } = await prepared<{ position: string; envelope: string }>(tx, {
      name: 'event-log read',
      text: 'select position, envelope from events where position > $1 order by position limit $2',
      values: [after, batch],
    });
    if (rows.length === 0) return;
    yield rows.map((row) => ({ position: Number(row.position), event: JSON.parse(row.envelope) as AnyEvent }));
    after = Number(rows.at(-1)!.position);
  }
}
