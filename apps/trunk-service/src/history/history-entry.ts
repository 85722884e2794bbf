import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import { timestamp, uuid } from '@trunkmesh/contracts/scalar.js';
import { entityOfSubject, type SubjectEntity } from '@trunkmesh/contracts/subjects.js';
import { z } from 'zod';
import type { HistoryPlace } from './history-place.js';
import { fieldChange, stateChanges } from './state-changes.js';

/** Entities of an organisation that have events. */
export const EVENT_KINDS = ['organization', 'trunk', 'number', 'address', 'rate-plan'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];
export const historyKind = z.enum([...EVENT_KINDS, 'api-key', 'notification-channel', 'notification-rule']);
export type HistoryKind = z.infer<typeof historyKind>;

export const historyEntry = z
  .object({
    id: uuid.describe('The id of the event.'),
    at: timestamp.describe('When it happened.'),
    type: z.string().describe('What happened, for example `TrunkUpdated`.'),
    entity: z
      .object({
        kind: historyKind.describe('What was changed.'),
        id: z
          .string()
          .describe('Its id; of a number the phone number, of an address the network, of a rate plan its begin.'),
        name: z.string().nullable().describe('Its name at that time; null: it has none.'),
      })
      .describe('What was changed.'),
    version: z
      .number()
      .int()
      .positive()
      .nullable()
      .describe('Counts the events of the entity from 1; null: it has none.'),
    actor: z
      .object({
        kind: z
          .enum(['api-key', 'operator', 'system', 'unknown'])
          .describe(
            '`operator`: the bootstrap key. `system`: the service itself. `unknown`: older events do not say it.',
          ),
        key_id: uuid.nullable().describe('The API key; null: it was none.'),
        key_name: z.string().nullable().describe("The API key's name; null: it was none."),
        address: z.string().nullable().describe('The address that the request came from; null: unknown, or none.'),
      })
      .describe('Who did it.'),
    changes: z.array(fieldChange).describe('The fields that differ, before and after. Secrets appear as `has_…` only.'),
  })
  .meta({ id: 'HistoryEntry' });
export type HistoryEntry = z.infer<typeof historyEntry>;

/** A change as it is stored: an event with the one before it, or a change of a plain row. */
export interface RecordedChange extends HistoryPlace {
  id: string;
  time: string;
  type: string;
  entity: HistoryEntry['entity'];
  version: number | null;
  actor: string | undefined;
  actoraddress: string | null | undefined;
  before: unknown;
  after: unknown;
}

/** `before`: the entity's event before this one. */
export function recordedEvent(event: AnyEvent, before: AnyEvent | null, place: HistoryPlace): RecordedChange {
  const [old, now] = [before?.data.state ?? null, event.data.state];
  const { id, time, type, entityversion: version, actor, actoraddress } = event;
  const entity = { ...identityOf(entityOfSubject(event.subject), event.subject), name: nameOf(now ?? old) };
  const { at, position } = place;
  return { at, position, id, time, type, entity, version, actor, actoraddress, before: old, after: now };
}

/** `keyName`: of the API key that the change names. */
export const historyEntryOf = (change: RecordedChange, keyName: string | null): HistoryEntry => ({
  id: change.id,
  at: change.time,
  type: change.type,
  entity: change.entity,
  version: change.version,
  actor: actorOf(change, keyName),
  changes: stateChanges(change.before, change.after),
});

function identityOf(entity: SubjectEntity | undefined, subject: string): { kind: EventKind; id: string } {
  switch (entity?.kind) {
    case 'organization':
      return { kind: entity.kind, id: entity.org };
    case 'trunk':
      return { kind: entity.kind, id: entity.trunk };
    case 'number':
      return { kind: entity.kind, id: entity.number };
    case 'address':
      return { kind: entity.kind, id: entity.network };
    case 'rate-plan':
      return { kind: entity.kind, id: entity.effectiveFrom };
    case 'carrier':
    case 'bridge':
    case undefined:
      throw new TypeError(`not an entity of an organisation: ${subject}`);
  }
}

function nameOf(state: unknown): string | null {
  const { name, friendly_name } = (state ?? {}) as { name?: unknown; friendly_name?: unknown };
  if (typeof name === 'string') return name;
  return typeof friendly_name === 'string' ? friendly_name : null;
}

/** An actor of the filter as events name it; null: they name none. */
export const storedActor = (actor: string): string | null =>
  actor === 'operator' ? 'bootstrap' : actor === 'unknown' ? null : actor;

function actorOf({ actor, actoraddress }: RecordedChange, keyName: string | null): HistoryEntry['actor'] {
  const address = actoraddress ?? null;
  if (actor === undefined) return { kind: 'unknown', key_id: null, key_name: null, address };
  if (actor === 'system') return { kind: 'system', key_id: null, key_name: null, address };
  if (actor === 'bootstrap') return { kind: 'operator', key_id: null, key_name: null, address };
  return { kind: 'api-key', key_id: actor, key_name: keyName, address };
}
