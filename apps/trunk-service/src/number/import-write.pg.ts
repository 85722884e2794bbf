import { setImmediate as turn } from 'node:timers/promises';
import { numberState, type NumberState } from '@trunkmesh/contracts/number.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { numberSubject } from '@trunkmesh/contracts/subjects.js';
import { uuidv7 } from 'uuidv7';
import type { SealSecret } from '../call-settings/call-settings.js';
import { createOnce, type Answer, type IdempotencyKey } from '../http/idempotency.pg.js';
import type { Work } from '../event-store/handle.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { nameKey } from '../event-store/name-key.js';
import { inSlices } from '../slices.process.js';
import {
  planImport,
  refusedLines,
  withoutRepeats,
  type ImportContext,
  type ImportLine,
  type ImportRules,
  type KnownTrunks,
  type LineProblem,
  type OnDuplicate,
} from './import-plan.js';
import type { ReadImport } from './import-read.process.js';

/** Numbers a step: what one statement looks up or writes, and how long a wish to stop waits. */
const STEP = 250;
/** Lines of a refusal. */
const MAX_PROBLEMS = 1_000;

export interface ImportTask {
  organizationId: string;
  onDuplicate: OnDuplicate;
  read: ReadImport;
  key: IdempotencyKey | undefined;
  seal: SealSecret;
}
export interface Writing {
  signal: AbortSignal;
  progress: (stage: 'checking' | 'writing', done: number, total: number) => void;
}

/** All of it in one transaction, or nothing; stopping is a rollback. */
export async function writeImport(
  store: EventStore,
  { organizationId, onDuplicate, read, key, seal }: ImportTask,
  writing: Writing,
): Promise<Answer> {
  const { lines, problems: repeats } = await inSlices(withoutRepeats(read.lines), writing.signal);
  return createOnce(
    store,
    key,
    async (work) => {
      if (read.cutShort) refuse(read.problems, 'at least ');
      const trunks = await trunksOf(work, organizationId);
      const problems = [...read.problems, ...repeats];
      for (const part of steps(lines)) {
        const owners = await ownersOf(work, organizationId, part.lines);
        problems.push(...refusedLines(part.lines, { onDuplicate, ...trunks, ...owners }));
        await breathe(writing, 'checking', part.until, lines.length);
      }
      refuse(problems);
      const done = { added: 0, updated: 0, unchanged: 0, skipped: 0 };
      for (const part of steps(lines)) {
        const number = await numbersOf(work, organizationId, part.lines);
        const plan = planImport(part.lines, {
          organizationId,
          onDuplicate,
          at: work.at,
          newId: uuidv7,
          number,
          seal,
          ...trunks,
        });
        for (const { before, events } of plan.steps) work.append<NumberState>(before, events);
        await work.flush();
        for (const kind of Object.keys(done) as (keyof typeof done)[]) done[kind] += plan[kind];
        await breathe(writing, 'writing', part.until, lines.length);
      }
      return { status: 200, headers: {}, body: { total: read.read, ...done } };
      // Taken or deleted by somebody else in this moment: done again, the rules know the line.
    },
    { retryOn: ['numbers_trunk', 'numbers_phone_number', 'numbers_pk'] },
  );
}

function* steps(lines: readonly ImportLine[]): Generator<{ lines: readonly ImportLine[]; until: number }> {
  for (let from = 0; from < lines.length; from += STEP)
    yield { lines: lines.slice(from, from + STEP), until: Math.min(from + STEP, lines.length) };
}

async function breathe(
  { signal, progress }: Writing,
  ...[stage, done, total]: Parameters<Writing['progress']>
): Promise<void> {
  progress(stage, done, total);
  await turn();
  signal.throwIfAborted();
}

function refuse(problems: LineProblem[], bound = ''): void {
  if (problems.length === 0) return;
  problems.sort((a, b) => a.line - b.line);
  const lines = new Set(problems.map(({ line }) => line)).size;
  throw new DomainError(
    'import-has-errors',
    `Nothing was imported: something is wrong with ${lines === 1 ? 'one line' : `${bound}${lines} lines`}.`,
    [],
    {
      error_count: problems.length,
      lines_with_errors: lines,
      errors: problems.slice(0, MAX_PROBLEMS).map(({ line, pointer, message }) => ({ line, pointer, detail: message })),
    },
  );
}

async function trunksOf(work: Work, organizationId: string): Promise<KnownTrunks> {
  const rows = await work.manager.query<{ id: string; name_key: string }[]>(
    'select id, name_key from trunks where organization_id = $1',
    [organizationId],
  );
  const byName = new Map(rows.map(({ id, name_key }) => [name_key, id]));
  return { trunkIds: new Set(rows.map(({ id }) => id)), trunkIdByName: (name) => byName.get(nameKey(name)) };
}

const phoneNumbers = (lines: readonly ImportLine[]) => lines.map(({ entry }) => entry.phone_number);

/** Whose the numbers are now. */
async function ownersOf(
  work: Work,
  organizationId: string,
  lines: readonly ImportLine[],
): Promise<Pick<ImportRules, 'mine' | 'taken'>> {
  const rows = await work.manager.query<{ phone_number: string; mine: boolean }[]>(
    'select phone_number, organization_id = $2 as mine from numbers where phone_number = any($1::text[])',
    [phoneNumbers(lines), organizationId],
  );
  const numbers = (mine: boolean) =>
    new Set(rows.filter((row) => row.mine === mine).map(({ phone_number }) => phone_number));
  return { mine: numbers(true), taken: numbers(false) };
}

/** Where the organisation's own left off, also those that were removed. */
async function numbersOf(
  work: Work,
  organizationId: string,
  lines: readonly ImportLine[],
): Promise<ImportContext['number']> {
  const loaded = await work.loadMany<NumberState>(
    phoneNumbers(lines).map((number) => numberSubject(organizationId, number)),
    numberState,
  );
  return (number) => loaded.get(numberSubject(organizationId, number))!;
}
