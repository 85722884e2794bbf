import { numberState, type NumberState } from '@trunkmesh/contracts/number.js';
import { organizationState, type OrganizationState } from '@trunkmesh/contracts/organization.js';
import type { FieldProblem } from '@trunkmesh/contracts/problem.js';
import { numberSubject, organizationSubject, trunkSubject } from '@trunkmesh/contracts/subjects.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import { uuidv7 } from 'uuidv7';
import { replacedSettings, type SealSecret, type WantedSettings } from '../call-settings/call-settings.js';
import { checkRequest, invalidRequest } from '../http/field-problems.js';
import type { NumberSchemas } from '../number/number-input.js';
import { allowedPools } from '../bridge/allowed-pools.pg.js';
import { decide as decideOrganization } from '../organization/organization.js';
import type { Loaded } from '../event-store/decided.js';
import { transact, type Work } from '../event-store/handle.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { sealingWith } from '../secrets/sealed-secret.process.js';
import { inSlices } from '../slices.process.js';
import { sealedPassword } from '../trunk/sealed-password.process.js';
import type { TrunkBodySchema } from '../trunk/trunk-input.js';
import type { Place } from '../trunk/trunk.js';
import type { Changes, SettingsStep } from './change-report.js';
import { planNumbers, type IndexedEntry, type NumberPlan } from './sync-numbers.js';
import { idOf, planTrunks, type TrunkPlan } from './sync-trunks.js';

export interface WantedOrganization {
  organizationId: string;
  trunks: readonly unknown[];
  numbers: readonly unknown[];
  settings?: WantedSettings;
}
export interface SyncTools {
  store: EventStore;
  keyRing: KeyRing;
  schema: TrunkBodySchema;
  entry: NumberSchemas['entry'];
  place: Place;
}

/** A request with so many problems is not what its sender meant; the rest is not read. */
const MAX_COLLECTED = 10_000;
/** Violated only by somebody who was faster: done again, the plan sees what they did. */
const RACES = ['trunks_name', 'trunks_pkey', 'numbers_trunk', 'numbers_phone_number', 'numbers_pk'];

/**
 * Makes the organisation have exactly this, in one transaction. With anything wrong nothing is done, and everything
 * that is wrong is said.
 */
export async function syncOrganization(
  tools: SyncTools,
  wanted: WantedOrganization,
  signal: AbortSignal,
): Promise<Changes> {
  const { entries, problems } = await inSlices(readNumbers(tools.entry, wanted.numbers), signal);
  const seal = sealingWith(tools.keyRing);
  return transact(
    tools.store,
    async (work) => {
      // Two of these at once, for the same organisation, would each plan on what the other is about to take away.
      await work.manager.query(`set local lock_timeout = '5s'`);
      await work.manager.query('select pg_advisory_xact_lock(hashtextextended($1, 1))', [wanted.organizationId]);
      await work.manager.query('set local lock_timeout to default');
      const trunks = await trunkPlan(work, tools, wanted);
      const numbers = await numberPlan(work, { organizationId: wanted.organizationId, entries, trunks, seal });
      const all: FieldProblem[] = [...trunks.problems, ...problems, ...numbers.problems];
      if (all.length > 0) throw invalidRequest(all);
      const settings = await settingsPlan(work, wanted, seal);
      signal.throwIfAborted();
      await carryOut(work, { trunks, numbers, settings }, signal);
      return { trunks, numbers, settings };
    },
    { retryOn: RACES },
  );
}

interface ReadNumbers {
  entries: IndexedEntry[];
  problems: FieldProblem[];
}

function* readNumbers(entry: SyncTools['entry'], written: readonly unknown[]): Generator<undefined, ReadNumbers> {
  const entries: IndexedEntry[] = [];
  const problems: FieldProblem[] = [];
  for (const [index, value] of written.entries()) {
    yield;
    if (problems.length >= MAX_COLLECTED) break;
    const checked = checkRequest(entry, value);
    if (checked.problems)
      problems.push(
        ...checked.problems.map(({ pointer, message }) => ({ pointer: `/numbers/${index}${pointer}`, message })),
      );
    else entries.push({ index, entry: checked.value });
  }
  return { entries, problems };
}

async function trunkPlan(
  work: Work,
  { keyRing, schema, place }: SyncTools,
  { organizationId, trunks }: WantedOrganization,
): Promise<TrunkPlan> {
  const ids = trunks.map(idOf).filter((id) => id !== undefined);
  const rows = await work.manager.query<{ id: string; mine: boolean }[]>(
    'select id, organization_id = $1 as mine from trunks where organization_id = $1 or id = any($2::uuid[])',
    [organizationId, ids],
  );
  const pools = await allowedPools(work.manager, organizationId);
  const subjectOf = (id: string) => trunkSubject(organizationId, id);
  const mine = rows.filter((row) => row.mine).map(({ id }) => subjectOf(id));
  const loaded = await work.loadMany<TrunkState>([...new Set([...mine, ...ids.map(subjectOf)])], trunkState);
  return inSlices(
    planTrunks(
      trunks,
      {
        own: mine.map((subject) => loaded.get(subject)!),
        foreignIds: new Set(rows.filter((row) => !row.mine).map(({ id }) => id)),
      },
      {
        organizationId,
        schema,
        place,
        pools,
        newId: uuidv7,
        next: work.next,
        sealed: (password, trunk) => sealedPassword(keyRing, password, trunk),
        trunk: (id) => loaded.get(subjectOf(id)) ?? work.fresh(subjectOf(id)),
      },
    ),
  );
}

async function numberPlan(
  work: Work,
  {
    organizationId,
    entries,
    trunks,
    seal,
  }: { organizationId: string; entries: IndexedEntry[]; trunks: TrunkPlan; seal: SealSecret },
): Promise<NumberPlan> {
  const wanted = entries.map(({ entry }) => entry.phone_number);
  const rows = await work.manager.query<{ phone_number: string; mine: boolean }[]>(
    'select phone_number, organization_id = $1 as mine from numbers where organization_id = $1 or phone_number ' +
      '= any($2::text[])',
    [organizationId, wanted],
  );
  const subjectOf = (number: string) => numberSubject(organizationId, number);
  const mine = rows.filter((row) => row.mine).map(({ phone_number }) => phone_number);
  const subjects = await inSlices(subjectsOf([...mine, ...wanted], subjectOf));
  const loaded = await work.loadMany<NumberState>(subjects, numberState);
  return inSlices(
    planNumbers(entries, mine, trunks, {
      organizationId,
      at: work.at,
      newId: uuidv7,
      seal,
      taken: new Set(rows.filter((row) => !row.mine).map(({ phone_number }) => phone_number)),
      number: (number) => loaded.get(subjectOf(number))!,
    }),
  );
}

function* subjectsOf(
  numbers: readonly string[],
  subjectOf: (number: string) => string,
): Generator<undefined, string[]> {
  const subjects = new Set<string>();
  for (const number of numbers) {
    yield;
    subjects.add(subjectOf(number));
  }
  return [...subjects];
}

/** None, where the request says nothing of them. */
async function settingsPlan(
  work: Work,
  { organizationId, settings }: WantedOrganization,
  seal: SealSecret,
): Promise<SettingsStep[]> {
  if (settings === undefined) return [];
  const before = await work.load<OrganizationState>(organizationSubject(organizationId), organizationState);
  const call_settings = before.state === null ? undefined : replacedSettings(settings, before.state, seal);
  return [
    {
      before,
      events: decideOrganization(before.state, { type: 'ChangeOrganization', changes: { call_settings }, at: work.at }),
    },
  ];
}

const STEP = 250;

/**
 * In an order in which every constraint holds on the way: trunks before the numbers that point to them, and away only
 * when none does.
 */
async function carryOut(work: Work, { trunks, numbers, settings }: Changes, signal: AbortSignal): Promise<void> {
  // Two trunks may swap names, or one take the name of one that goes.
  await work.manager.query('set constraints trunks_name deferred');
  const steps = [
    ...settings,
    ...trunks.created,
    ...trunks.updated,
    ...numbers.deleted,
    ...numbers.updated,
    ...numbers.created,
    ...trunks.deleted,
  ];
  for (const [index, { before, events }] of steps.entries()) {
    work.append(before as Loaded<unknown>, events as Parameters<Work['append']>[1]);
    if ((index + 1) % STEP !== 0) continue;
    await work.flush();
    signal.throwIfAborted();
  }
  await work.flush();
  await work.manager.query('set constraints trunks_name immediate');
}
