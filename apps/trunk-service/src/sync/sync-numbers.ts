import type { NumberState } from '@trunkmesh/contracts/number.js';
import type { FieldProblem } from '@trunkmesh/contracts/problem.js';
import type { SealSecret } from '../call-settings/call-settings.js';
import { trunkOf } from '../number/import-plan.js';
import { putFields, newFields, type NumberEntry, type NumberInput } from '../number/number-input.js';
import { decide, HOW_TO_CLAIM, type NumberChange } from '../number/number.js';
import type { Loaded } from '../event-store/decided.js';
import { nameKey } from '../event-store/name-key.js';
import type { TrunkPlan } from './sync-trunks.js';

export interface NumberTools {
  organizationId: string;
  at: string;
  newId: () => string;
  seal: SealSecret;
  /** The entity of this number as its last event left it; of one that was removed, `state` null. */
  number: (phoneNumber: string) => Loaded<NumberState>;
  /** Numbers of the request that another organisation has. */
  taken: ReadonlySet<string>;
}

export interface IndexedEntry {
  index: number;
  entry: NumberEntry;
}
export interface NumberStep {
  before: Loaded<NumberState>;
  events: NumberChange[];
}
export interface NumberPlan {
  created: NumberStep[];
  updated: NumberStep[];
  deleted: NumberStep[];
  unchanged: number;
  problems: FieldProblem[];
}

/** `own`: every number that the organisation has; what is not among the entries goes. Yields after each number. */
export function* planNumbers(
  entries: readonly IndexedEntry[],
  own: readonly string[],
  trunks: Pick<TrunkPlan, 'byId' | 'byName'>,
  tools: NumberTools,
): Generator<undefined, NumberPlan> {
  const plan: NumberPlan = { created: [], updated: [], deleted: [], unchanged: 0, problems: [] };
  const seen = new Map<string, number>();
  for (const { index, entry } of entries) {
    yield;
    const problem = problemOf(entry, seen, trunks, tools);
    if (problem) plan.problems.push({ pointer: `/numbers/${index}${problem.pointer}`, message: problem.message });
    else planNumber(inputOf(entry, trunks), entry.phone_number, tools, plan);
    if (!seen.has(entry.phone_number)) seen.set(entry.phone_number, index);
  }
  for (const number of own) {
    yield;
    if (seen.has(number)) continue;
    const before = tools.number(number);
    plan.deleted.push({ before, events: decide(before.state, { type: 'RemoveNumber' }) });
  }
  return plan;
}

const knownTrunks = ({ byId, byName }: Pick<TrunkPlan, 'byId' | 'byName'>) => ({
  trunkIds: byId,
  trunkIdByName: (name: string) => byName.get(nameKey(name)),
});

function problemOf(
  entry: NumberEntry,
  seen: ReadonlyMap<string, number>,
  trunks: Pick<TrunkPlan, 'byId' | 'byName'>,
  { taken }: NumberTools,
): FieldProblem | undefined {
  const before = seen.get(entry.phone_number);
  if (before !== undefined) return { pointer: '/phone_number', message: `is that of /numbers/${before} too` };
  if (taken.has(entry.phone_number)) return { pointer: '/phone_number', message: `is already in use. ${HOW_TO_CLAIM}` };
  if (trunkOf(entry, knownTrunks(trunks)) === 'unknown')
    return {
      pointer: entry.sip_trunk ? '/sip_trunk' : '/sip_trunk_id',
      message: 'is not one of the trunks of this request',
    };
  return undefined;
}

function inputOf(entry: NumberEntry, trunks: Pick<TrunkPlan, 'byId' | 'byName'>): NumberInput {
  const { sip_trunk: _name, phone_number: _number, ...input } = entry;
  const named = trunkOf(entry, knownTrunks(trunks));
  return named ? { ...input, sip_trunk_id: trunks.byId.get(named) ?? named } : input;
}

function planNumber(
  input: NumberInput,
  phone_number: string,
  { organizationId, at, newId, number, seal }: NumberTools,
  plan: NumberPlan,
): void {
  const before = number(phone_number);
  if (before.state === null) {
    const id = newId();
    plan.created.push({
      before,
      events: decide(null, {
        type: 'AddNumber',
        id,
        organization_id: organizationId,
        phone_number,
        fields: newFields(input, id, seal),
        at,
      }),
    });
    return;
  }
  const events = decide(before.state, { type: 'ChangeNumber', changes: putFields(input, before.state, seal), at });
  if (events.length === 0) plan.unchanged += 1;
  else plan.updated.push({ before, events });
}
