/**
 * The columns of a CSV import, with what a cell becomes in the JSON object that the same schema then judges. An empty
 * cell is an absent field.
 */
const COLUMNS: Record<string, (cell: string) => unknown> = {
  phone_number: (cell) => cell,
  friendly_name: (cell) => cell,
  provider: (cell) => cell,
  is_active: truth,
  sip_trunk_id: (cell) => cell,
  sip_trunk: (cell) => cell,
  assistant_id: integer,
  flow_id: integer,
  allowed_country_codes: list,
  is_verified_caller_id: truth,
  capabilities: (cell) => Object.fromEntries(list(cell).map((each) => [each.toLowerCase(), true])),
  media_url: (cell) => cell,
  prewarm_url: (cell) => cell,
  status_url: (cell) => cell,
  signing_secret: (cell) => cell,
  answer_deadline_ms: integer,
  max_call_seconds: integer,
  record: truth,
};

export const IMPORT_COLUMNS: readonly string[] = Object.keys(COLUMNS);

/** Spreadsheets write TRUE, people write yes; anything else stays a text, which the schema refuses. */
function truth(cell: string): unknown {
  const word = cell.toLowerCase();
  if (['true', 'yes', '1'].includes(word)) return true;
  return ['false', 'no', '0'].includes(word) ? false : cell;
}

function integer(cell: string): unknown {
  return /^\d{1,16}$/.test(cell) ? Number(cell) : cell;
}

function list(cell: string): string[] {
  return cell.split(/[;,|\s]+/).filter((each) => each !== '');
}

/** Where the header is missing, its cells may hold a secret, and those have at least 16 characters. */
const shown = (name: string, columns: readonly string[]) =>
  /^\w{1,15}$/.test(name) ? `"${name}"` : `of the name in place ${columns.indexOf(name) + 1}`;

export interface CsvHeader {
  columns: string[];
  problems: string[];
}

/**
 * Spreadsheets write such rows where cells were used once, with their own separator even where the file has another.
 */
export const isBlank = (cells: readonly string[]) => cells.every((cell) => cell === '' || /^[\s,;]*$/.test(cell));

/**
 * The header line: names in any case, spaces for underscores. Read-only columns of an export would be guesses, so
 * unknown ones are refused; those without a name at the end of the line are none.
 */
export function csvHeader(cells: readonly string[]): CsvHeader {
  const named = cells.slice(0, cells.findLastIndex((cell) => cell.trim() !== '') + 1);
  const columns = named.map((cell) =>
    cell
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, '_'),
  );
  const unknown = columns.filter((name) => !Object.hasOwn(COLUMNS, name));
  const twice = columns.filter((name, index) => Object.hasOwn(COLUMNS, name) && columns.indexOf(name) !== index);
  const problems = [
    ...unknown.map(
      (name) => `there is no column ${shown(name, columns)}; the columns are ${IMPORT_COLUMNS.join(', ')}`,
    ),
    ...twice.map((name) => `the column "${name}" is there twice`),
    ...(columns.includes('phone_number') ? [] : ['the first line must be a header with the column "phone_number"']),
  ];
  return { columns, problems };
}

export function csvRow(columns: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const [index, name] of columns.entries()) {
    const cell = (cells[index] ?? '').trim();
    if (cell !== '') row[name] = COLUMNS[name]!(cell);
  }
  return row;
}

/** Spreadsheets of some countries write semicolons. */
export const delimiterOf = (firstLine: string) =>
  firstLine.includes(',') || !firstLine.includes(';')
    ? firstLine.includes('\t') && !firstLine.includes(',')
      ? '\t'
      : ','
    : ';';
