import { setImmediate as turn } from 'node:timers/promises';
import { loadLastOfMany } from '@trunkmesh/event-log/event-store.pg.js';
import { numberState, type NumberState } from '@trunkmesh/contracts/number.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { numberSubject } from '@trunkmesh/contracts/subjects.js';
import { uuidv7 } from 'uuidv7';
import { createOnce, type Answer, type IdempotencyKey } from '../http/idempotency.pg.js';
import type { Loaded } from '../record/decided.js';
import type { Work } from '../record/handle.pg.js';
import type { RecordStore } from '../record/record-store.pg.js';
import { trunkNameKey } from '../trunk/trunk.js';
import { planImport, withoutRepeats, type ImportContext, type ImportPlan, type LineProblem, type OnDuplicate } from './import-plan.js';
import type { ReadImport } from './import-read.csv.js';

/** Numbers a step: what one statement looks up or writes, and how long a wish to stop waits. */
const STEP = 5_000;
/** Lines of a refusal. */
const MAX_PROBLEMS = 1_000;

export interface ImportTask { organizationId: string; onDuplicate: OnDuplicate; read: ReadImport; key: IdempotencyKey | undefined }
export interface Writing { signal: AbortSignal; progress: (stage: 'checking' | 'writing', done: number, total: number) => void }

/** All of it in one transaction, or nothing; stopping is a rollback. */
export function writeImport(record: RecordStore, { organizationId, onDuplicate, read, key }: ImportTask, writing: Writing): Promise<Answer> {
  const { lines, problems: repeats } = withoutRepeats(read.lines);
  return createOnce(record, key, async (work) => {
    const trunks = await trunksOf(work, organizationId);
    const plans: ImportPlan[] = [];
    for (let from = 0; from < lines.length; from += STEP) {
      const part = lines.slice(from, from + STEP);
      const numbers = await numbersOf(work, organizationId, part.map(({ entry }) => entry.phone_number));
      plans.push(planImport(part, { organizationId, onDuplicate, at: work.at, subjectOf: (number) => numberSubject(organizationId, number), newId: uuidv7, ...trunks, ...numbers }));
      await breathe(writing, 'checking', Math.min(from + STEP, lines.length), lines.length);
    }
    refuse([...read.problems, ...repeats, ...plans.flatMap(({ problems }) => problems)], read.read);
    await carryOut(work, plans, writing);
    return { status: 200, headers: {}, body: { total: read.read, ...counts(plans) } };
    // Taken or deleted by somebody else in this moment: done again, the plan knows the line.
  }, { retryOn: ['numbers_trunk', 'numbers_phone_number', 'numbers_pk'] });
}

async function carryOut(work: Work, plans: readonly ImportPlan[], writing: Writing): Promise<void> {
  const steps = plans.flatMap((plan) => plan.steps);
  for (let from = 0; from < steps.length; from += STEP) {
    for (const { before, events } of steps.slice(from, from + STEP)) work.record<NumberState>(before, events);
    await work.flush();
    await breathe(writing, 'writing', Math.min(from + STEP, steps.length), steps.length);
  }
}

async function breathe({ signal, progress }: Writing, ...[stage, done, total]: Parameters<Writing['progress']>): Promise<void> {
  progress(stage, done, total);
  await turn();
  signal.throwIfAborted();
}

const counts = (plans: readonly ImportPlan[]) => {
  const sum = (of: (plan: ImportPlan) => number) => plans.reduce((total, plan) => total + of(plan), 0);
  return { added: sum((plan) => plan.added), updated: sum((plan) => plan.updated), unchanged: sum((plan) => plan.unchanged), skipped: sum((plan) => plan.skipped) };
};

function refuse(problems: LineProblem[], total: number): void {
  if (problems.length === 0) return;
  problems.sort((a, b) => a.line - b.line);
  const lines = new Set(problems.map(({ line }) => line)).size;
  throw new DomainError('import-has-errors', `Nothing was imported: ${lines} of ${total} lines cannot be.`, [], {
    error_count: problems.length,
    lines_with_errors: lines,
    errors: problems.slice(0, MAX_PROBLEMS).map(({ line, pointer, message }) => ({ line, pointer, detail: message })),
  });
}

async function trunksOf(work: Work, organizationId: string): Promise<Pick<ImportContext, 'trunkIds' | 'trunkIdByName'>> {
  const rows = await work.manager.query<{ id: string; name_key: string }[]>('select id, name_key from trunks where organization_id = $1', [organizationId]);
  const byName = new Map(rows.map(({ id, name_key }) => [name_key, id]));
  return { trunkIds: new Set(rows.map(({ id }) => id)), trunkIdByName: (name) => byName.get(trunkNameKey(name)) };
}

/** Two questions for thousands of numbers: whose are they now, and where did the organisation's own leave off? */
async function numbersOf(work: Work, organizationId: string, numbers: readonly string[]): Promise<Pick<ImportContext, 'mine' | 'taken'>> {
  const foreign = await work.manager.query<{ phone_number: string }[]>('select phone_number from numbers where phone_number = any($1::text[]) and organization_id <> $2', [numbers, organizationId]);
  const last = await loadLastOfMany(work.manager, numbers.map((number) => numberSubject(organizationId, number)));
  const mine = new Map<string, Loaded<NumberState>>();
  for (const number of numbers) {
    const subject = numberSubject(organizationId, number);
    const found = last.get(subject);
    if (found) mine.set(number, { subject, version: found.version, state: found.state === null ? null : numberState.parse(found.state) });
  }
  return { mine, taken: new Set(foreign.map(({ phone_number }) => phone_number)) };
}
