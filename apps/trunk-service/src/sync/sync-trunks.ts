import { DomainError, type FieldProblem } from '@trunkmesh/contracts/problem.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { Loaded, NextEvent } from '../event-store/decided.js';
import { poolProblems } from '../bridge/pool-policy.js';
import { readTrunk, type TrunkBodySchema, type WantedTrunk } from '../trunk/trunk-input.js';
import { nameKey } from '../event-store/name-key.js';
import { decide as decideTrunk, type Place, type TrunkChange } from '../trunk/trunk.js';

/** What the plan needs of the world, so that it needs none of it itself. */
export interface TrunkTools {
  organizationId: string;
  schema: TrunkBodySchema;
  place: Place;
  /** The bridge pools that the organisation may use, no matter who pushes. */
  pools: readonly string[];
  /** See sealedPassword in trunk/sealed-password.process.ts: undefined keeps the present password. */
  sealed: (
    wanted: string | null | undefined,
    trunk: { id: string; password: string | null },
  ) => string | null | undefined;
  next: (before: Loaded<unknown>) => NextEvent;
  /** The entity of this id as its last event left it: of a trunk that was deleted, `state` null. */
  trunk: (id: string) => Loaded<TrunkState>;
  newId: () => string;
}

export interface CurrentTrunks {
  /** The organisation's trunks. */
  own: readonly Loaded<TrunkState>[];
  /** Ids in the request that are other organisations'. They answer as ids that nobody has, and cannot be taken. */
  foreignIds: ReadonlySet<string>;
}

export interface TrunkStep {
  before: Loaded<TrunkState>;
  events: TrunkChange[];
}
export interface TrunkPlan {
  created: TrunkStep[];
  updated: TrunkStep[];
  deleted: TrunkStep[];
  unchanged: Loaded<TrunkState>[];
  problems: FieldProblem[];
  /** The id of the trunk that the request calls so, by id and by the key of its name. */
  byId: ReadonlyMap<string, string>;
  byName: ReadonlyMap<string, string>;
}

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

interface Named {
  index: number;
  written: unknown;
  id: string | undefined;
  nameKey: string | undefined;
}

/** The id of the request in lower case, undefined where it gives none that can be one. */
export function idOf(written: unknown): string | undefined {
  const id = (written as { id?: unknown } | null)?.id;
  return typeof id === 'string' && UUID.test(id) ? id.toLowerCase() : undefined;
}

function named(written: unknown, index: number): Named {
  const name = (written as { name?: unknown } | null)?.name;
  return { index, written, id: idOf(written), nameKey: typeof name === 'string' ? nameKey(name) : undefined };
}

/**
 * The whole of what an organisation shall have: what it has and is not in `written` goes. Each is matched by id, else
 * by name. Yields after each trunk.
 */
export function* planTrunks(
  written: readonly unknown[],
  current: CurrentTrunks,
  tools: TrunkTools,
): Generator<undefined, TrunkPlan> {
  const wanted = written.map(named);
  const problems = [
    ...repeats(wanted),
    ...wanted
      .filter(hasOddId)
      .map(({ index }) => ({ pointer: `/trunks/${index}/id`, message: 'must be a UUID, or be left out' })),
  ];
  const matched = match(wanted, current);
  const plan = {
    created: [] as TrunkStep[],
    updated: [] as TrunkStep[],
    unchanged: [] as Loaded<TrunkState>[],
    byId: new Map<string, string>(),
    byName: new Map<string, string>(),
  };
  for (const each of wanted) {
    yield;
    const existing = matched.get(each.index);
    const id = existing?.state?.id ?? newIdFor(each, current, tools);
    call(each, id, plan);
    const read = attempt(each, () => readTrunk(tools.schema, each.written, existing?.state ?? null), problems);
    if (read === undefined) continue;
    problems.push(...atTrunk(each, poolProblems(read.settings.bridge_pool, existing?.state ?? null, tools.pools)));
    if (existing === undefined) plan.created.push(creation(id, read, tools));
    else keep(change(existing, read, tools), plan);
  }
  const kept = new Set([...matched.values()]);
  const deleted = current.own
    .filter((trunk) => !kept.has(trunk))
    .map((before) => ({ before, events: decideTrunk(before.state, { type: 'DeleteTrunk' }, tools.next(before)) }));
  return { ...plan, deleted, problems };
}

const newIdFor = ({ id }: Named, { foreignIds }: CurrentTrunks, { newId }: TrunkTools) =>
  id === undefined || foreignIds.has(id) ? newId() : id;

/** What the request's numbers may call the trunk. */
function call(
  { id, nameKey }: Named,
  actual: string,
  { byId, byName }: { byId: Map<string, string>; byName: Map<string, string> },
): void {
  byId.set(actual, actual);
  if (id !== undefined) byId.set(id, actual);
  if (nameKey !== undefined) byName.set(nameKey, actual);
}

/** Two entries of one id or one name would be decided by their order. */
function repeats(wanted: readonly Named[]): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const field of ['id', 'nameKey'] as const) {
    const first = new Map<string, number>();
    for (const { index, [field]: value } of wanted) {
      if (value === undefined || value === '') continue;
      const before = first.get(value);
      if (before === undefined) first.set(value, index);
      else
        problems.push({
          pointer: `/trunks/${index}/${field === 'id' ? 'id' : 'name'}`,
          message: `is that of /trunks/${before} too`,
        });
    }
  }
  return problems;
}

function hasOddId({ id, written }: Named): boolean {
  const { id: given } = (written ?? {}) as { id?: unknown };
  return id === undefined && given !== undefined && given !== null;
}

/** Ids first, for all: a trunk that was renamed must not be taken for another one that has its old name now. */
function match(wanted: readonly Named[], { own }: CurrentTrunks): Map<number, Loaded<TrunkState>> {
  const matched = new Map<number, Loaded<TrunkState>>();
  const free = new Map(own.map((trunk) => [trunk.state!.id, trunk]));
  const take = (index: number, trunk: Loaded<TrunkState> | undefined) => {
    if (trunk === undefined || !free.delete(trunk.state!.id)) return;
    matched.set(index, trunk);
  };
  for (const { index, id } of wanted) if (id !== undefined) take(index, free.get(id));
  const byName = new Map([...free.values()].map((trunk) => [nameKey(trunk.state!.name), trunk]));
  for (const { index, nameKey } of wanted)
    if (!matched.has(index) && nameKey !== undefined) take(index, byName.get(nameKey));
  return matched;
}

const atTrunk = ({ index }: Named, problems: readonly FieldProblem[]): FieldProblem[] =>
  problems.map(({ pointer, message }) => ({ pointer: `/trunks/${index}${pointer}`, message }));

function attempt<Value>(each: Named, read: () => Value, problems: FieldProblem[]): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    problems.push(...atTrunk(each, error.details));
    return undefined;
  }
}

function creation(id: string, { settings, enabled = true, password }: WantedTrunk, tools: TrunkTools): TrunkStep {
  const before = tools.trunk(id);
  const sealed = tools.sealed(password ?? null, { id, password: null }) ?? null;
  return {
    before,
    events: decideTrunk(
      null,
      {
        type: 'CreateTrunk',
        id,
        organization_id: tools.organizationId,
        settings,
        enabled,
        password: sealed,
        place: tools.place,
      },
      tools.next(before),
    ),
  };
}

function change(
  before: Loaded<TrunkState>,
  { settings, enabled, password }: WantedTrunk,
  tools: TrunkTools,
): TrunkStep {
  const state = before.state!;
  return {
    before,
    events: decideTrunk(
      state,
      { type: 'ChangeTrunk', settings, enabled, password: tools.sealed(password, state), place: tools.place },
      tools.next(before),
    ),
  };
}

function keep(step: TrunkStep, plan: Pick<TrunkPlan, 'updated' | 'unchanged'>): void {
  if (step.events.length === 0) plan.unchanged.push(step.before);
  else plan.updated.push(step);
}
