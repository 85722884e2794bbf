import { DomainError } from '@trunkmesh/contracts/problem.js';
import { z } from 'zod';
import type { LineProblem } from './import-plan.js';

/** Problems of an answer. */
const MAX_PROBLEMS = 1_000;

const count = z.number().int().nonnegative();

const text = z.string().nullable();

const importProblem = z
  .object({
    line: count.describe('The line of the file; of a JSON array the place in it, from 1.'),
    pointer: z.string().describe('The field, as a JSON pointer; empty: the whole line.'),
    detail: z.string().describe('What is wrong, and what to do.'),
  })
  .meta({ id: 'ImportProblem' });

const importPreviewLine = z
  .object({
    line: importProblem.shape.line,
    phone_number: text.describe('The number in E.164; of a line that is refused as it was sent; null: it has none.'),
    friendly_name: text.describe('The name that the line gives; null: none.'),
    sip_trunk: text.describe('The trunk that the line gives, by name or id; null: none.'),
    assistant_id: z.number().int().nullable().describe('The assistant that the line gives; null: none.'),
    flow_id: z.number().int().nullable().describe('The flow that the line gives; null: none.'),
    outcome: z
      .enum(['added', 'updated', 'unchanged', 'skipped', 'refused'])
      .describe('What the import would do with the number; `refused`: `errors` says why.'),
  })
  .meta({ id: 'ImportPreviewLine' });

/** Of a trial; nothing in it is written. */
export const importPreview = z
  .object({
    error_count: count.describe('How many problems there are. With a single one the import would write nothing.'),
    lines_with_errors: count.describe('How many lines have a problem.'),
    cut_short: z.boolean().describe('True: so much is wrong that the rest was not read; there may be more problems.'),
    errors: z.array(importProblem).describe('The problems by line, up to 1,000.'),
    lines: z.array(importPreviewLine).describe('The first 500 lines. Secrets are not shown.'),
  })
  .meta({ id: 'ImportPreview', description: 'What an import would do, line by line.' });

export const importReport = z
  .object({
    total: count.describe('How many lines were read.'),
    added: count.describe('How many numbers were added.'),
    updated: count.describe('How many numbers were changed.'),
    unchanged: count.describe('How many numbers were as wanted already.'),
    skipped: count.describe('How many lines were skipped because the number exists.'),
    preview: importPreview
      .optional()
      .describe('Only with `dry_run=true`: nothing was written, and the counts say what would be.'),
  })
  .meta({ id: 'ImportReport', description: 'What an import did, or with `dry_run=true` would do.' });

export type ImportReport = z.output<typeof importReport>;
export type ImportPreviewLine = z.output<typeof importPreviewLine>;

/** @throws DomainError import-has-errors, where there is a problem */
export function refuseWith(problems: LineProblem[], bound = ''): void {
  if (problems.length === 0) return;
  const lines = linesOf(problems);
  throw new DomainError(
    'import-has-errors',
    `Nothing was imported: something is wrong with ${lines === 1 ? 'one line' : `${bound}${lines} lines`}.`,
    [],
    {
      error_count: problems.length,
      lines_with_errors: lines,
      errors: shownProblems(problems),
    },
  );
}

/** How many lines have a problem. */
export const linesOf = (problems: readonly LineProblem[]): number => new Set(problems.map(({ line }) => line)).size;

/** The first of them, as an answer has them. */
export const shownProblems = (problems: readonly LineProblem[]) =>
  problems.slice(0, MAX_PROBLEMS).map(({ line, pointer, message }) => ({ line, pointer, detail: message }));
