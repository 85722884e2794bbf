import { setImmediate as turn } from 'node:timers/promises';
import { numberState, type NumberState } from '@trunkmesh/contracts/number.js';
import { numberSubject } from '@trunkmesh/contracts/subjects.js';
import type { SealSecret } from '../call-settings/call-settings.js';
import type { Work } from '../event-store/handle.pg.js';
import { nameKey } from '../event-store/name-key.js';
import {
  refusedLines,
  type ImportContext,
  type ImportLine,
  type ImportRules,
  type KnownTrunks,
  type LineProblem,
  type OnDuplicate,
  type UniqueLines,
} from './import-plan.js';
import type { ReadImport } from './import-read.process.js';

/** Numbers a step: what one statement looks up or writes, and how long a wish to stop waits. */
const STEP = 250;

export interface ImportTask {
  organizationId: string;
  onDuplicate: OnDuplicate;
  read: ReadImport;
  seal: SealSecret;
  /** Whether it may mark numbers as verified. */
  mayVerify: boolean;
}
export interface Writing {
  signal: AbortSignal;
  progress: (stage: 'checking' | 'writing', done: number, total: number) => void;
}

export interface CheckedImport {
  trunks: KnownTrunks;
  /** Of every line, by line. */
  problems: LineProblem[];
}

/** What the record says of each line; the one check of an import and of its trial. */
export async function checkLines(
  work: Work,
  { organizationId, onDuplicate, read, mayVerify }: ImportTask,
  { lines, problems: repeats }: UniqueLines,
  writing: Writing,
): Promise<CheckedImport> {
  const trunks = await trunksOf(work, organizationId);
  const problems = [...read.problems, ...repeats];
  for (const part of steps(lines)) {
    const owners = await ownersOf(work, organizationId, part.lines);
    problems.push(...refusedLines(part.lines, { onDuplicate, mayVerify, ...trunks, ...owners }));
    await breathe(writing, 'checking', part.until, lines.length);
  }
  return { trunks, problems: problems.sort((a, b) => a.line - b.line) };
}

export function* steps(lines: readonly ImportLine[]): Generator<{ lines: readonly ImportLine[]; until: number }> {
  for (let from = 0; from < lines.length; from += STEP)
    yield { lines: lines.slice(from, from + STEP), until: Math.min(from + STEP, lines.length) };
}

export async function breathe(
  { signal, progress }: Writing,
  ...[stage, done, total]: Parameters<Writing['progress']>
): Promise<void> {
  progress(stage, done, total);
  await turn();
  signal.throwIfAborted();
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
): Promise<Pick<ImportRules, 'mine' | 'taken' | 'verified'>> {
  const rows = await work.manager.query<{ phone_number: string; mine: boolean; verified: boolean }[]>(
    `select phone_number, organization_id = $2 as mine, (state->>'is_verified_caller_id')::boolean as verified
     from numbers where phone_number = any($1::text[])`,
    [phoneNumbers(lines), organizationId],
  );
  const numbers = (is: (row: (typeof rows)[number]) => boolean) =>
    new Set(rows.filter(is).map(({ phone_number }) => phone_number));
  return {
    mine: numbers(({ mine }) => mine),
    taken: numbers(({ mine }) => !mine),
    verified: numbers(({ mine, verified }) => mine && verified),
  };
}

/** Where the organisation's own left off, also those that were removed. */
export async function numbersOf(
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
