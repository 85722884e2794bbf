/**
 * How a cell of a row becomes a cell of the file. `plain`: a number, an id or a constant, as it is. `time`: a
 * timestamptz, in ISO 8601 with six digits. `call-sid`: the id of a call, as the platform writes it. `text`: what
 * others chose, with RFC 4180's quotes and so that no spreadsheet takes it for a formula.
 */
export type Cell = 'plain' | 'time' | 'call-sid' | 'text';

const code = (character: string) => character.charCodeAt(0);
const [TAB, LF, CR, BACKSLASH, COMMA, QUOTE] = [9, 10, 13, code('\\'), code(','), code('"')];
const [PLUS, MINUS, EQUALS, AT, APOSTROPHE] = [code('+'), code('-'), code('='), code('@'), code("'")];
const [DOT, BLANK, ZERO, NINE] = [code('.'), code(' '), code('0'), code('9')];
const [LETTER_A, LETTER_C, LETTER_N, LETTER_T, LETTER_Z] = [code('A'), code('C'), code('N'), code('T'), code('Z')];
const MICROSECOND_DIGITS = 6;
/** What PostgreSQL's COPY writes after a backslash; any other character stands for itself. */
const ESCAPED = new Map([...'bfnrtv'].map((letter, nth) => [code(letter), [8, 12, LF, CR, TAB, 11][nth]!]));

const isEnd = (byte: number | undefined) => byte === TAB || byte === LF || byte === undefined;
const isDigit = (byte: number) => byte >= ZERO && byte <= NINE;
/** A spreadsheet would take it for a formula. Signed integers and numbers in E.164 are none. */
const isFormula = ([first, ...rest]: readonly number[]) =>
  first === PLUS || first === MINUS
    ? rest.length === 0 || !rest.every(isDigit)
    : first === EQUALS || first === AT || first === TAB || first === CR;
const isPlain = (byte: number) => byte !== BACKSLASH && byte !== COMMA && byte !== QUOTE;
const needsQuotes = (byte: number) => byte === QUOTE || byte === COMMA || byte === CR || byte === LF;

/**
 * Lines of a CSV file (RFC 4180, CRLF) made of rows in the text format of PostgreSQL's COPY, with `timezone` UTC and
 * `DateStyle` ISO. Bytes and not strings, each read once: an export has millions of lines.
 */
export class CsvLines {
  private length: number;
  /** Up to where the lines are in pieces. */
  private taken: number;
  private readonly first: number;
  private readonly maxBytes: number;
  private readonly maxPieceBytes: number;
  private row: Uint8Array = new Uint8Array();
  private at = 0;
  /** Where the cells of the last line begin; and those of a line that may not be taken. */
  private begins: number[];
  private beginning: number[];

  /**
   * The lines are written into `bytes`, after `first` bytes for what comes before them: a copy less. No more than
   * `maxPieceBytes` of them become one piece.
   */
  constructor(
    private readonly cells: readonly Cell[],
    private bytes: Uint8Array,
    { first = 0, maxPieceBytes = bytes.length }: { first?: number; maxPieceBytes?: number } = {},
  ) {
    this.maxBytes = bytes.length;
    this.maxPieceBytes = maxPieceBytes;
    this.first = first;
    this.length = first;
    this.taken = first;
    [this.begins, this.beginning] = [cells.map(() => 0), cells.map(() => 0)];
  }

  /**
   * Of `row` what begins at `from` and ends with a line feed, or with `row`. False: there is no room for the line, and
   * it is left out. The first line is always taken.
   */
  add(row: Uint8Array, from = 0, size = row.length - from): boolean {
    const before = this.length;
    const { cells, beginning } = this;
    this.reserve(2 * size + 8 * cells.length);
    this.row = row;
    this.at = from;
    for (let nth = 0; nth < cells.length; nth += 1) {
      beginning[nth] = this.length;
      this.write(cells[nth]!);
      this.bytes[this.length] = COMMA;
      this.length += 1;
      this.at += 1;
    }
    this.bytes[this.length - 1] = CR;
    this.bytes[this.length] = LF;
    this.length += 1;
    if (before > this.first && (this.length > this.maxBytes || this.length - this.taken > this.maxPieceBytes)) {
      this.length = before;
      return false;
    }
    this.beginning = this.begins;
    this.begins = beginning;
    return true;
  }

  /** The lines since the last piece; undefined: they have fewer than `atLeast` bytes. */
  piece(atLeast: number): Uint8Array | undefined {
    const from = this.taken;
    if (this.length - from < atLeast) return undefined;
    this.taken = this.length;
    return this.bytes.subarray(from, this.length);
  }

  /** `head`, of `first` bytes or fewer, and the lines; where all were in pieces, or there are none, `head` alone. */
  linesAfter(head: Uint8Array): Uint8Array {
    if (this.taken === this.length) return head;
    const from = this.first - head.length;
    this.bytes.set(head, from);
    return this.bytes.subarray(from, this.length);
  }

  /** A cell of the line added last, one that is no `text`. */
  lastCell(nth: number): string {
    const from = this.begins[nth]!;
    let to = from;
    while (this.bytes[to] !== COMMA && this.bytes[to] !== CR) to += 1;
    return new TextDecoder().decode(this.bytes.subarray(from, to));
  }

  private reserve(most: number): void {
    if (this.length + most <= this.bytes.length) return;
    const larger = new Uint8Array(this.length + most);
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  private write(cell: Cell): void {
    // NULL is `\N`; a backslash of a text is doubled.
    if (this.row[this.at] === BACKSLASH && this.row[this.at + 1] === LETTER_N) this.at += 2;
    else if (cell === 'plain') this.plain();
    else if (cell === 'time') this.time();
    else if (cell === 'call-sid') this.callSid();
    else this.text();
  }

  /** Without control characters: the row's TAB and LF, and what comes after the row, end it. */
  private plain(): void {
    const { row, bytes } = this;
    let { at, length } = this;
    for (let byte = row[at]!; byte > LF; byte = row[at]!) {
      bytes[length] = byte;
      at += 1;
      length += 1;
    }
    this.at = at;
    this.length = length;
  }

  /** `2026-11-23 10:01:00.5+00`: PostgreSQL leaves out zeros at the end. */
  private time(): void {
    const { row, bytes } = this;
    let { at, length } = this;
    for (let byte = row[at]!; byte > LF && byte !== PLUS && byte !== DOT; byte = row[at]!) {
      bytes[length] = byte === BLANK ? LETTER_T : byte;
      at += 1;
      length += 1;
    }
    bytes[length] = DOT;
    length += 1;
    const digits = length + MICROSECOND_DIGITS;
    if (row[at] === DOT)
      for (let byte = row[(at += 1)]!; byte >= ZERO; byte = row[(at += 1)]!) {
        bytes[length] = byte;
        length += 1;
      }
    while (length < digits) {
      bytes[length] = ZERO;
      length += 1;
    }
    bytes[length] = LETTER_Z;
    while (!isEnd(row[at])) at += 1;
    this.at = at;
    this.length = length + 1;
  }

  private callSid(): void {
    const { row, bytes } = this;
    let { at, length } = this;
    bytes[length] = LETTER_C;
    bytes[length + 1] = LETTER_A;
    length += 2;
    for (let byte = row[at]!; byte > LF; byte = row[at]!) {
      if (byte !== MINUS) {
        bytes[length] = byte;
        length += 1;
      }
      at += 1;
    }
    this.at = at;
    this.length = length;
  }

  /** Nearly all are plain: they are copied until something else is seen. */
  private text(): void {
    const { at, length } = this;
    if (this.copiedText()) return;
    this.at = at;
    this.length = length;
    const value = this.unescaped();
    if (isFormula(value)) value.unshift(APOSTROPHE);
    const quoted = value.some(needsQuotes);
    if (quoted) this.bytes[this.length++] = QUOTE;
    for (const byte of value) {
      if (byte === QUOTE) this.bytes[this.length++] = QUOTE;
      this.bytes[this.length++] = byte;
    }
    if (quoted) this.bytes[this.length++] = QUOTE;
  }

  /** False: it is no plain text. */
  private copiedText(): boolean {
    const { row, bytes } = this;
    let { at, length } = this;
    const first = row[at]!;
    if (first === EQUALS || first === AT) return false;
    const isSigned = first === PLUS || first === MINUS;
    if (isSigned) {
      bytes[length] = first;
      at += 1;
      length += 1;
      if (isEnd(row[at])) return false;
    }
    for (; !isEnd(row[at]); at += 1) {
      const byte = row[at]!;
      if (!isPlain(byte) || (isSigned && !isDigit(byte))) return false;
      bytes[length] = byte;
      length += 1;
    }
    this.at = at;
    this.length = length;
    return true;
  }

  private unescaped(): number[] {
    const value: number[] = [];
    for (; !isEnd(this.row[this.at]); this.at += 1) {
      const byte = this.row[this.at]!;
      if (byte !== BACKSLASH) value.push(byte);
      else {
        const letter = this.row[++this.at]!;
        value.push(ESCAPED.get(letter) ?? letter);
      }
    }
    return value;
  }
}
