import { currentActor } from './actor.process.js';
import type { PlainChangeType, PlainKind } from './plain-change-types.js';
import type { Queryable } from './read-model.js';

/** A change of a plain row that has no events, for the organisation's history. */
export interface PlainChange {
  organization_id: string;
  kind: PlainKind;
  id: string;
  name: string;
  type: PlainChangeType;
  /** What may be shown of it: never a secret. Null: it did not exist. */
  before: object | null;
  /** Null: it does not exist any more. */
  after: object | null;
}

/** In the transaction of the change. */
export async function noteChange(transaction: Queryable, change: PlainChange): Promise<void> {
  const { organization_id, kind, id, name, type, before, after } = change;
  const { actor, actoraddress } = currentActor();
  await transaction.query(
    `insert into plain_changes (organization_id, kind, entity_id, name, type, actor, actoraddress, before, after)
     values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb)`,
    [organization_id, kind, id, name, type, actor, actoraddress ?? null, textOf(before), textOf(after)],
  );
}

const textOf = (state: object | null): string | null => (state === null ? null : JSON.stringify(state));
