import type { FieldProblem } from '@trunkmesh/contracts/problem.js';
import type { NumberState } from '@trunkmesh/contracts/number.js';
import type { Loaded } from '../record/decided.js';
import { newFields, patchFields, type NumberEntry } from './number-input.js';
import { decide, type NumberChange, type NumberFields } from './number.js';

/** What becomes of a number that the organisation has already. */
export type OnDuplicate = 'error' | 'skip' | 'update';

export interface ImportLine { line: number; entry: NumberEntry }
export interface LineProblem extends FieldProblem { line: number }

/** Everybody's numbers among those of the import, and the organisation's trunks. */
export interface ImportContext {
  organizationId: string;
  at: string;
  onDuplicate: OnDuplicate;
  /** The organisation's numbers as their last events left them, by number; a removed one with `state` null. */
  mine: ReadonlyMap<string, Loaded<NumberState>>;
  /** Numbers that are another organisation's. */
  taken: ReadonlySet<string>;
  /** The organisation's trunks, by id, and ids by the key of their name. */
  trunkIds: { has(id: string): boolean };
  trunkIdByName: (name: string) => string | undefined;
  subjectOf: (phoneNumber: string) => string;
  newId: () => string;
}

export interface ImportStep { before: Loaded<NumberState>; events: NumberChange[] }
export interface ImportPlan { steps: ImportStep[]; added: number; updated: number; unchanged: number; skipped: number; problems: LineProblem[] }

/** Plans every line, so that a client learns of every problem at once; with a single problem nothing of the plan is carried out. */
export function planImport(lines: readonly ImportLine[], context: ImportContext): ImportPlan {
  const plan: ImportPlan = { steps: [], added: 0, updated: 0, unchanged: 0, skipped: 0, problems: [] };
  for (const line of lines) planLine(line, context, plan);
  return plan;
}

function planLine({ line, entry }: ImportLine, context: ImportContext, plan: ImportPlan): void {
  const { sip_trunk, phone_number, ...input } = entry;
  const refuse = (pointer: string, message: string) => { plan.problems.push({ line, pointer, message }); };
  if (context.taken.has(phone_number)) return refuse('/phone_number', `${phone_number} is already in use`);
  const trunk = trunkOf(entry, context);
  if (trunk === 'unknown') return refuse(sip_trunk ? '/sip_trunk' : '/sip_trunk_id', 'is not one of your trunks');
  const given = trunk === undefined ? input : { ...input, sip_trunk_id: trunk };
  const before = context.mine.get(phone_number) ?? { subject: context.subjectOf(phone_number), version: 0, state: null };
  if (before.state === null) return add(before, { phone_number, fields: newFields(given) }, context, plan);
  if (context.onDuplicate === 'error') return refuse('/phone_number', `${phone_number} is already one of your numbers; use on_duplicate=skip or on_duplicate=update to allow that`);
  if (context.onDuplicate === 'skip') { plan.skipped += 1; return; }
  const events = decide(before.state, { type: 'ChangeNumber', changes: patchFields(given, before.state), at: context.at });
  if (events.length === 0) { plan.unchanged += 1; return; }
  plan.updated += 1;
  plan.steps.push({ before, events });
}

function add(before: Loaded<NumberState>, { phone_number, fields }: { phone_number: string; fields: NumberFields }, { organizationId: organization_id, at, newId }: ImportContext, plan: ImportPlan): void {
  plan.added += 1;
  plan.steps.push({ before, events: decide(null, { type: 'AddNumber', id: newId(), organization_id, phone_number, fields, at }) });
}

/** `undefined`: the line says nothing of a trunk. */
export function trunkOf({ sip_trunk, sip_trunk_id }: NumberEntry, { trunkIds, trunkIdByName }: Pick<ImportContext, 'trunkIds' | 'trunkIdByName'>): string | null | undefined | 'unknown' {
  if (sip_trunk) return trunkIdByName(sip_trunk) ?? 'unknown';
  if (!sip_trunk_id) return sip_trunk_id;
  return trunkIds.has(sip_trunk_id) ? sip_trunk_id : 'unknown';
}

/** A number that stands there twice would be decided by its order; which line is right is not ours to guess. */
export function withoutRepeats(lines: readonly ImportLine[]): { lines: ImportLine[]; problems: LineProblem[] } {
  const first = new Map<string, number>();
  const problems: LineProblem[] = [];
  const unique = lines.filter(({ line, entry: { phone_number } }) => {
    const before = first.get(phone_number);
    if (before === undefined) first.set(phone_number, line);
    else problems.push({ line, pointer: '/phone_number', message: `${phone_number} is in line ${before} already` });
    return before === undefined;
  });
  return { lines: unique, problems };
}
