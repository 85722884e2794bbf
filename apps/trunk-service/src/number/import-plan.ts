import type { FieldProblem } from '@trunkmesh/contracts/problem.js';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import type { SealSecret } from '../call-settings/call-settings.js';
import type { Loaded } from '../event-store/decided.js';
import { newFields, patchFields, type NumberEntry, type NumberInput } from './number-input.js';
import { OPERATOR_VERIFIES } from './verified-caller.js';
import { decide, HOW_TO_CLAIM, type NumberChange } from './number.js';

/** What becomes of a number that the organisation has already. */
export type OnDuplicate = 'error' | 'skip' | 'update';

export interface ImportLine {
  line: number;
  entry: NumberEntry;
}
export interface LineProblem extends FieldProblem {
  line: number;
}

/** The organisation's trunks, and ids by name. */
export interface KnownTrunks {
  trunkIds: { has(id: string): boolean };
  trunkIdByName: (name: string) => string | undefined;
}

/** What decides whether a line can be done at all. */
export interface ImportRules extends KnownTrunks {
  onDuplicate: OnDuplicate;
  /** Numbers that the organisation has already. */
  mine: { has(phoneNumber: string): boolean };
  /** Numbers that are another organisation's. */
  taken: { has(phoneNumber: string): boolean };
  /** Numbers of the organisation that are marked as verified already. */
  verified: { has(phoneNumber: string): boolean };
  /** Whether the import may mark further ones. */
  mayVerify: boolean;
}

/** What is needed to do it. */
export interface ImportContext extends KnownTrunks {
  organizationId: string;
  at: string;
  onDuplicate: OnDuplicate;
  /** The number's entity as its last event left it; of one that was removed, or never was, `state` null. */
  number: (phoneNumber: string) => Loaded<NumberState>;
  newId: () => string;
  seal: SealSecret;
}

export interface ImportStep {
  before: Loaded<NumberState>;
  events: NumberChange[];
}
/** What becomes of one line. */
export type ImportOutcome = 'added' | 'updated' | 'unchanged' | 'skipped';
export interface ImportPlan {
  steps: ImportStep[];
  /** One for each line, in its order. */
  outcomes: ImportOutcome[];
  added: number;
  updated: number;
  unchanged: number;
  skipped: number;
}

/**
 * Every line that cannot be done, so that a client learns of all of them at once; with a single one nothing is done.
 */
export function refusedLines(lines: readonly ImportLine[], rules: ImportRules): LineProblem[] {
  return lines.flatMap((each) => refusalOf(each, rules) ?? []);
}

function refusalOf({ line, entry }: ImportLine, rules: ImportRules): LineProblem | undefined {
  const { phone_number, sip_trunk } = entry;
  if (rules.taken.has(phone_number))
    return { line, pointer: '/phone_number', message: `${phone_number} is already in use. ${HOW_TO_CLAIM}` };
  if (trunkOf(entry, rules) === 'unknown')
    return { line, pointer: sip_trunk ? '/sip_trunk' : '/sip_trunk_id', message: UNKNOWN_TRUNK };
  if (entry.is_verified_caller_id === true && !rules.mayVerify && !rules.verified.has(phone_number))
    return { line, pointer: '/is_verified_caller_id', message: OPERATOR_VERIFIES };
  if (rules.onDuplicate !== 'error' || !rules.mine.has(phone_number)) return undefined;
  return {
    line,
    pointer: '/phone_number',
    message:
      `${phone_number} is already one of your numbers; remove the line, or skip or update numbers that exist ` +
      '(on_duplicate=skip, on_duplicate=update)',
  };
}

const UNKNOWN_TRUNK = 'is not one of your trunks; correct the name or id, or create the trunk first';

/** For lines that none of the rules refuses. */
export function planImport(lines: readonly ImportLine[], context: ImportContext): ImportPlan {
  const plan: ImportPlan = { steps: [], outcomes: [], added: 0, updated: 0, unchanged: 0, skipped: 0 };
  for (const { entry } of lines) {
    const outcome = planEntry(entry, context, plan);
    plan.outcomes.push(outcome);
    plan[outcome] += 1;
  }
  return plan;
}

function planEntry(entry: NumberEntry, context: ImportContext, { steps }: ImportPlan): ImportOutcome {
  const { sip_trunk: _name, phone_number, ...input } = entry;
  const trunk = trunkOf(entry, context);
  const given = trunk === undefined || trunk === 'unknown' ? input : { ...input, sip_trunk_id: trunk };
  const before = context.number(phone_number);
  if (before.state === null) {
    steps.push({ before, events: added({ phone_number, input: given }, context) });
    return 'added';
  }
  if (context.onDuplicate === 'skip') return 'skipped';
  const events = decide(before.state, {
    type: 'ChangeNumber',
    changes: patchFields(given, before.state, context.seal),
    at: context.at,
  });
  if (events.length === 0) return 'unchanged';
  steps.push({ before, events });
  return 'updated';
}

function added(
  { phone_number, input }: { phone_number: string; input: NumberInput },
  { organizationId: organization_id, at, newId, seal }: ImportContext,
): NumberChange[] {
  const id = newId();
  const fields = newFields(input, id, seal);
  return decide(null, { type: 'AddNumber', id, organization_id, phone_number, fields, at });
}

/** `undefined`: the line says nothing of a trunk. */
export function trunkOf(
  { sip_trunk, sip_trunk_id }: NumberEntry,
  { trunkIds, trunkIdByName }: KnownTrunks,
): string | null | undefined | 'unknown' {
  if (sip_trunk) return trunkIdByName(sip_trunk) ?? 'unknown';
  if (!sip_trunk_id) return sip_trunk_id;
  return trunkIds.has(sip_trunk_id) ? sip_trunk_id : 'unknown';
}

export interface UniqueLines {
  lines: ImportLine[];
  problems: LineProblem[];
}

/** Refuses a number that is in two lines: only the customer knows which line is right. Yields after each line. */
export function* withoutRepeats(lines: readonly ImportLine[]): Generator<undefined, UniqueLines> {
  const first = new Map<string, number>();
  const unique: UniqueLines = { lines: [], problems: [] };
  for (const each of lines) {
    yield;
    const {
      line,
      entry: { phone_number },
    } = each;
    const before = first.get(phone_number);
    if (before === undefined) {
      first.set(phone_number, line);
      unique.lines.push(each);
    } else {
      const message = `${phone_number} is in line ${before} already; remove one of the two lines`;
      unique.problems.push({ line, pointer: '/phone_number', message });
    }
  }
  return unique;
}
