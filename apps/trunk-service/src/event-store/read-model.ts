import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import type { DomainError } from '@trunkmesh/contracts/problem.js';
import type { SubjectEntity } from '@trunkmesh/contracts/subjects.js';

/** The one thing that a projection needs of a transaction. TypeORM's EntityManager has it. */
export interface Queryable {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/**
 * A read model that is written in the transaction of the events it shows. Its tables hold nothing that the events do
 * not, so that it can be dropped and rebuilt.
 * `project` gets events of its kind in order, at least one, perhaps several of one entity, perhaps a hundred thousand:
 * it must work on sets.
 */
export interface ReadModel {
  kind: SubjectEntity['kind'];
  /** Emptied before a rebuild, in this order. */
  tables: readonly string[];
  project(transaction: Queryable, events: readonly AnyEvent[]): Promise<void>;
  /** What it means to a client when one of the tables' constraints refuses a command, by the constraint's name. */
  violations: Readonly<Record<string, () => DomainError>>;
}

/** The last event of each entity, in the order of these last events: all that a projection of whole states needs. */
export function lastPerSubject(events: readonly AnyEvent[]): AnyEvent[] {
  const last = new Map<string, AnyEvent>();
  for (const event of events) {
    last.delete(event.subject);
    last.set(event.subject, event);
  }
  return [...last.values()];
}

/**
 * Neighbours of the same kind together, the order kept: a trunk that is created is projected before the number that is
 * assigned to it.
 */
export function runsOf<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): { key: Key; items: Item[] }[] {
  const runs: { key: Key; items: Item[] }[] = [];
  for (const item of items) {
    const key = keyOf(item);
    const run = runs[runs.length - 1];
    if (run !== undefined && run.key === key) run.items.push(item);
    else runs.push({ key, items: [item] });
  }
  return runs;
}
