import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import { timestamp, uuid } from '@trunkmesh/contracts/scalar.js';
import { entityOfSubject, type SubjectEntity } from '@trunkmesh/contracts/subjects.js';
import { z } from 'zod';
import { fieldChange, stateChanges } from './state-changes.js';

/** Entities that belong to an organisation. */
export const HISTORY_KINDS = ['organization', 'trunk', 'number', 'address', 'rate-plan'] as const;
export const historyKind = z.enum(HISTORY_KINDS);
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
    version: z.number().int().positive().describe('Counts the events of the entity from 1.'),
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

type StoredEvent = AnyEvent;

/** `before`: the entity's event before this one. `keyName`: of the API key that the event names. */
export function historyEntryOf(event: StoredEvent, before: StoredEvent | null, keyName: string | null): HistoryEntry {
  const entity = entityOfSubject(event.subject);
  const [old, now] = [before?.data.state ?? null, event.data.state];
  return {
    id: event.id,
    at: event.time,
    type: event.type,
    entity: { ...identityOf(entity, event.subject), name: nameOf(now ?? old) },
    version: event.entityversion,
    actor: actorOf(event, keyName),
    changes: stateChanges(old, now),
  };
}

function identityOf(entity: SubjectEntity | undefined, subject: string): { kind: HistoryKind; id: string } {
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

function actorOf({ actor, actoraddress }: StoredEvent, keyName: string | null): HistoryEntry['actor'] {
  const address = actoraddress ?? null;
  if (actor === undefined) return { kind: 'unknown', key_id: null, key_name: null, address };
  if (actor === 'system') return { kind: 'system', key_id: null, key_name: null, address };
  if (actor === 'bootstrap') return { kind: 'operator', key_id: null, key_name: null, address };
  return { kind: 'api-key', key_id: actor, key_name: keyName, address };
}
