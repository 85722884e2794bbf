import { count, plural } from '../../format.js';
import type { components } from '../../generated/api.js';

type Schemas = components['schemas'];
type Report = Schemas['ImportReport'];
type Line = Schemas['ImportPreviewLine'];

/** What may become of numbers that the organisation has. */
export const ON_DUPLICATE = [
  ['error', 'Are a problem'],
  ['skip', 'Stay as they are'],
  ['update', 'Are changed to what the file says'],
] as const;

/** What the import would do with a line, in words. */
export const OUTCOMES: Readonly<Record<Line['outcome'], string>> = {
  added: 'new',
  updated: 'changed',
  unchanged: 'no change',
  skipped: 'skipped',
  refused: 'problem',
};

/** How many numbers the import would write; none where anything is wrong. */
export const toImport = ({ added, updated, preview }: Report): number =>
  preview?.error_count === 0 ? added + updated : 0;

/** Who would answer, as the line says. */
export function answeredBy({ assistant_id, flow_id }: Pick<Line, 'assistant_id' | 'flow_id'>): string {
  if (assistant_id !== null) return `assistant ${assistant_id}`;
  return flow_id === null ? '–' : `flow ${flow_id}`;
}

/** What is found, and what to do next. */
export function verdict(report: Report): string {
  const { total, preview } = report;
  if (preview !== undefined && preview.error_count > 0) return problemsText(preview);
  if (total === 0) return 'The file has no line below the names of the columns. Choose another file.';
  if (toImport(report) === 0) return 'Nothing would be changed: every number is as the file says, or is skipped.';
  return 'No problem was found. Nothing is changed yet.';
}

/** How many lines of each kind there are. */
export const totals = ({ total, added, updated, unchanged, skipped, preview }: Report): string =>
  `${plural(total, 'line')}: ${count(added)} new, ${count(updated)} changed, ${count(unchanged)} without a change, ` +
  `${count(skipped)} skipped, ${count(preview?.lines_with_errors ?? 0)} with a problem.`;

function problemsText({ lines_with_errors: lines, cut_short }: NonNullable<Report['preview']>): string {
  const which =
    lines === 1 && !cut_short ? 'One line has' : `${cut_short ? 'At least ' : ''}${count(lines)} lines have`;
  return `${which} a problem, so nothing can be imported. Correct the file, then choose it again.`;
}
