import { setTimeout as pause } from 'node:timers/promises';
import { ConcurrencyError, startAppend, type AppendMeta, type NewEvent } from '@trunkmesh/event-log/event-store.pg.js';
import { loadLast, loadLastOfMany, type LastEvent } from '@trunkmesh/event-log/stored-events.pg.js';
import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { entityOfSubject } from '@trunkmesh/contracts/subjects.js';
import { currentTraceparent, withSpan } from '@trunkmesh/runtime/trace.otel.js';
import type { EntityManager } from 'typeorm';
import type { QuotaKind } from './quotas.pg.js';
import { READ_MODELS } from '../read-models.pg.js';
import { currentActor } from './actor.process.js';
import { stateAfter, type DecidedEvent, type Loaded, type NextEvent } from './decided.js';
import { preparedIn } from './prepared.pg.js';
import { runsOf } from './read-model.js';
import { databaseFailure } from './database-failure.pg.js';
import type { EventStore } from './event-store.pg.js';

/** Brings a stored state to today's shape; a zod schema of libs/contracts. */
export interface StateSchema<State> {
  parse(value: unknown): State;
}

/** One transaction of commands: load what they need, decide, append. All of it is written, or nothing. */
export interface Work {
  readonly manager: EntityManager;
  readonly at: string;
  load<State>(subject: string, schema: StateSchema<State>): Promise<Loaded<State>>;
  /** Many in few round trips; every subject that was asked for is in the map. */
  loadMany<State>(subjects: readonly string[], schema: StateSchema<State>): Promise<Map<string, Loaded<State>>>;
  /** For an entity whose id was made just now: spares the question. */
  fresh<State>(subject: string): Loaded<State>;
  /** What the decision may know of its events. */
  next(before: Loaded<unknown>): NextEvent;
  /**
   * Keeps the events for the flush; the state after them. A read inside the transaction does not see them before
   * `flush`.
   */
  append<State>(before: Loaded<State>, events: readonly (DecidedEvent & { state: State | null })[]): Loaded<State>;
  /**
   * Writes what was appended and its read models. Called once at the end by `transact`; earlier where a constraint
   * must speak first.
   */
  flush(): Promise<void>;
}

export interface TransactOptions {
  /** Constraints whose violation means that somebody was faster, and that the work, done again, will see it. */
  retryOn?: readonly string[];
}

const ATTEMPTS = 8;
/** Locks that a transaction takes at once; a transaction that needs more competes for the rest. */
const MAX_LOCKS = 64;
/** In the same order everywhere, so that there is no deadlock. */
const WAIT_IN_LINE =
  'select pg_advisory_xact_lock(key) from (select distinct hashtextextended(subject, 1) as key from ' +
  'unnest($1::text[]) as subject order by key) as line';
/**
 * Events a statement of append and projection: bounds its time, its memory, and how long this process does nothing
 * else, whatever a request asks for.
 */
const EVENTS_PER_STATEMENT = 250;
/** Entities whose states are read without a pause. */
const SUBJECTS_PER_QUERY = 250;

/**
 * The one way of a command. Does the work again, from its loads, when another transaction was faster; then in line
 * behind the others, not in a race with them.
 */
export function transact<R>(
  store: EventStore,
  work: (unit: Work) => Promise<R>,
  options: TransactOptions = {},
): Promise<R> {
  return withSpan('record.transaction', {}, async () => {
    let contended: readonly string[] = [];
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(store, work, contended);
      } catch (error) {
        if (!lostRace(error, options)) throw meaningOf(error);
        if (attempt === ATTEMPTS)
          throw new DomainError(
            'conflict',
            'Too many concurrent changes to this resource. Nothing was changed; retry.',
          );
        if (error instanceof ConcurrencyError) contended = error.subjects.slice(0, MAX_LOCKS);
        else await pause(Math.random() * 5 * 2 ** attempt);
      }
    }
  });
}

/** A command of one entity: last state → decide → events and read model in one transaction → the new state. */
export function handle<State>(
  store: EventStore,
  entity: { subject: string; schema: StateSchema<State> },
  decide: (state: State | null, next: NextEvent) => readonly (DecidedEvent & { state: State | null })[],
  precondition: (before: Loaded<State>) => void = () => undefined,
): Promise<Loaded<State>> {
  return transact(store, async (work) => {
    const before = await work.load(entity.subject, entity.schema);
    precondition(before);
    return work.append(before, decide(before.state, work.next(before)));
  });
}

async function once<R>(store: EventStore, plan: (unit: Work) => Promise<R>, contended: readonly string[]): Promise<R> {
  let wrote = false;
  const result = await store.transaction(async (manager) => {
    if (contended.length > 0) await manager.query(WAIT_IN_LINE, [contended]);
    const { work, wroteEvents, added } = workIn(manager, store.source);
    const planned = await plan(work);
    await work.flush();
    for (const { org, kind, count } of added())
      await store.quotas?.check(preparedIn(manager.queryRunner!), org, kind, count);
    wrote = wroteEvents();
    return planned;
  });
  if (wrote) store.committed();
  return result;
}

function workIn(
  manager: EntityManager,
  source: string,
): { work: Work; wroteEvents: () => boolean; added: () => Added[] } {
  const now = new Date();
  const at = now.toISOString();
  let pending: NewEvent[] = [];
  let written = 0;
  const added = new Map<string, Added>();
  const work: Work = {
    manager,
    at,
    load: async (subject, schema) => loaded(subject, await loadLast(manager, subject), schema),
    loadMany: async (subjects, schema) => {
      const all = new Map<string, Loaded<never>>();
      for (let from = 0; from < subjects.length; from += SUBJECTS_PER_QUERY) {
        const some = subjects.slice(from, from + SUBJECTS_PER_QUERY);
        const last = await loadLastOfMany(manager, some);
        for (const subject of some) all.set(subject, loaded(subject, last.get(subject), schema) as Loaded<never>);
      }
      return all;
    },
    fresh: (subject) => ({ subject, version: 0, state: null }),
    next: ({ version }) => ({ version: version + 1, at }),
    append: (before, events) => {
      for (const [index, { type, change, state }] of events.entries())
        pending.push({ subject: before.subject, type, expectedVersion: before.version + index, change, state });
      return stateAfter(before, events);
    },
    flush: async () => {
      const events = pending;
      pending = [];
      written += events.length;
      const meta = { source, now, traceparent: currentTraceparent(), ...currentActor() };
      for (let from = 0; from < events.length; from += EVENTS_PER_STATEMENT) {
        const some = events.slice(from, from + EVENTS_PER_STATEMENT);
        for (const event of some) noteAdded(added, event);
        await write(manager, some, meta);
      }
    },
  };
  return { work, wroteEvents: () => written > 0, added: () => [...added.values()] };
}

/** What a transaction gave to an organisation that has a quota. */
interface Added {
  org: string;
  kind: QuotaKind;
  count: number;
}
const ADDS: Readonly<Record<string, QuotaKind>> = { TrunkCreated: 'trunks', NumberAdded: 'numbers' };

function noteAdded(added: Map<string, Added>, { type, subject }: NewEvent): void {
  const kind = ADDS[type];
  const entity = kind === undefined ? undefined : entityOfSubject(subject);
  if (kind === undefined || entity === undefined || !('org' in entity)) return;
  const key = `${kind} ${entity.org}`;
  added.set(key, { org: entity.org, kind, count: (added.get(key)?.count ?? 0) + 1 });
}

const loaded = <State>(subject: string, last: LastEvent | undefined, schema: StateSchema<State>): Loaded<State> => ({
  subject,
  version: last?.version ?? 0,
  state: last?.state == null ? null : schema.parse(last.state),
});

/**
 * Both go out together. The events' refusal counts before what the read models say of it: after a statement that
 * failed PostgreSQL refuses every other.
 */
async function write(manager: EntityManager, batch: NewEvent[], meta: AppendMeta): Promise<void> {
  const { events, stored } = startAppend(manager, batch, meta);
  const [storing, projecting] = await Promise.allSettled([stored, projectEvents(manager, events)]);
  if (storing.status === 'rejected') throw storing.reason;
  if (projecting.status === 'rejected') throw projecting.reason;
}

/**
 * Brings the read models up to these events, which come in the order in which they were written. The one way, for a
 * command and for a rebuild alike.
 */
export async function projectEvents(manager: EntityManager, events: readonly AnyEvent[]): Promise<void> {
  const transaction = preparedIn(manager.queryRunner!);
  for (const { key, items } of runsOf(events, (event) => entityOfSubject(event.subject)?.kind)) {
    await READ_MODELS.find(({ kind }) => kind === key)?.project(transaction, items);
  }
}

function lostRace(error: unknown, { retryOn = [] }: TransactOptions): boolean {
  if (error instanceof ConcurrencyError) return true;
  const failure = databaseFailure(error);
  return failure.kind === 'lost-race' || (failure.kind === 'violation' && retryOn.includes(failure.constraint));
}

/** A constraint's refusal in the domain's words, where a read model names it. */
function meaningOf(error: unknown): unknown {
  const failure = databaseFailure(error);
  if (failure.kind !== 'violation') return error;
  const violation = READ_MODELS.map(({ violations }) => violations[failure.constraint]).find(
    (meaning) => meaning !== undefined,
  );
  return violation?.() ?? error;
}
