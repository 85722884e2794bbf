/** The first lines of a carrier's file, to choose its columns by. */

const DELIMITERS = [',', ';', '\t', '|'] as const;

/** The cells of one line; quotes are doubled within quotes. */
export function cellsOf(line: string, delimiter: string): string[] {
  const cells: string[] = [''];
  let quoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const sign = line[at]!;
    if (sign === '"') {
      if (quoted && line[at + 1] === '"') {
        cells[cells.length - 1] += '"';
        at += 1;
      } else quoted = !quoted;
    } else if (sign === delimiter && !quoted) cells.push('');
    else cells[cells.length - 1] += sign;
  }
  return cells.map((cell) => cell.trim());
}

export interface CsvHead {
  columns: string[];
  /** The first line after the names, cell by cell. */
  example: string[];
}

/** What separates the columns is what the line of names has most of. */
export function csvHead(text: string): CsvHead {
  const [names = '', first = ''] = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const many = (delimiter: string) => names.split(delimiter).length;
  const delimiter = DELIMITERS.reduce((best, each) => (many(each) > many(best) ? each : best));
  return { columns: cellsOf(names, delimiter).filter((name) => name !== ''), example: cellsOf(first, delimiter) };
}

/** Whether the file has one of the names that a format knows for each column it needs. */
export function suits(head: CsvHead, columns: Readonly<Record<string, readonly string[] | null>>): boolean {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[\s_]/g, '');
  const has = new Set(head.columns.map(plain));
  return ['from', 'to', 'time', 'duration'].every((each) => (columns[each] ?? []).some((name) => has.has(plain(name))));
}
