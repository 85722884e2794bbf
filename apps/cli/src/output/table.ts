import stringWidth from 'string-width';
import { safeText } from './safe-text.js';

/** Heading and what stands under it; undefined, null and the empty text are shown as a dash. */
export type Columns<Row> = Record<string, (row: Row) => unknown>;

const GAP = '  ';

/** Columns of equal width for a terminal; without rows the text that says what to do. */
export function table<Row>(rows: readonly Row[], columns: Columns<Row>, empty: string): string {
  if (rows.length === 0) return empty;
  const headings = Object.keys(columns);
  const lines = [headings.map((heading) => heading.toUpperCase())].concat(
    rows.map((row) => headings.map((heading) => cell(columns[heading]!(row)))),
  );
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => stringWidth(line[column]!))));
  return lines
    .map((line) => line.map((text, column) => text + ' '.repeat(widths[column]! - stringWidth(text))))
    .map((line) => line.join(GAP).trimEnd())
    .join('\n');
}

/** One thing: a line for each field. */
export function facts(values: Record<string, unknown>): string {
  const names = Object.keys(values);
  const width = Math.max(...names.map((name) => name.length));
  return names.map((name) => `${name.padEnd(width)}${GAP}${cell(values[name])}`).join('\n');
}

function cell(value: unknown): string {
  if (value === undefined || value === null || value === '') return '–';
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (Array.isArray(value)) return value.length === 0 ? '–' : value.map((item) => cell(item)).join(', ');
  return safeText(typeof value === 'object' ? JSON.stringify(value) : String(value));
}
