import { createRequire } from 'node:module';
import type PDFDocument from 'pdfkit';

type Pdf = InstanceType<typeof PDFDocument>;

const require = createRequire(import.meta.url);
const fileOf = (weight: 400 | 700) =>
  require.resolve(`@fontsource/dejavu-sans/files/dejavu-sans-latin-${weight}-normal.woff`);

const OUTSIDE_LATIN_1 = /[^\x20-\x7e\xa0-\xff]/u;
/** What DejaVu Sans has no glyphs for. Signs that all scripts share have some below U+2C00. */
const SCRIPTS = ['Latin', 'Greek', 'Cyrillic', 'Armenian', 'Georgian', 'Hebrew', 'Arabic', 'Common', 'Inherited'];
const NOT_IN_DEJAVU = new RegExp(
  String.raw`[\p{C}\u{2c00}-\u{10ffff}]|[^${SCRIPTS.map((script) => String.raw`\p{Script=${script}}`).join('')}]`,
  'gu',
);
const FROM_RIGHT = /[\p{Script=Hebrew}\p{Script=Arabic}]/u;

/**
 * Names in scripts other than Latin-1, which is all that the standard fonts of a PDF have, are in DejaVu Sans; of it
 * only the glyphs that occur are in the file. What it has no glyph for is a `?`.
 */
export class StatementFonts {
  constructor(private readonly document: Pdf) {
    document.registerFont('wide', fileOf(400)).registerFont('wide-bold', fileOf(700));
  }

  /** Sets the font for a text, and returns what of the text is drawn. */
  set(text: string, { bold = false, size }: { bold?: boolean; size: number }): string {
    const drawn = fromLeft(text.replace(NOT_IN_DEJAVU, '?'));
    if (OUTSIDE_LATIN_1.test(drawn)) this.document.font(bold ? 'wide-bold' : 'wide');
    else this.document.font(bold ? 'Helvetica-Bold' : 'Helvetica');
    this.document.fontSize(size);
    return drawn;
  }
}

/** An option of each text: both fonts then stand on one line. Helvetica is that high above it. */
export const baselineOf = (size: number): { baseline: number } => ({ baseline: -0.718 * size });

/** Whether a name has characters that are drawn as `?`. */
export const isDrawnInPart = (text: string): boolean => text.search(NOT_IN_DEJAVU) >= 0;

/**
 * pdfkit draws one word after the other from the left. A font draws a word of Hebrew or Arabic from the right by
 * itself, and with it the space at its end, which so is before it.
 */
function fromLeft(text: string): string {
  if (!FROM_RIGHT.test(text)) return text;
  const words: string[] = [];
  let right: string[] = [];
  for (const word of text.split(' ')) {
    if (FROM_RIGHT.test(word)) right = [word, ...right];
    else {
      words.push(...right, ...(right.length > 0 ? [''] : []), word);
      right = [];
    }
  }
  return [...words, ...right, ...(right.length > 0 ? [''] : [])].join(' ');
}
