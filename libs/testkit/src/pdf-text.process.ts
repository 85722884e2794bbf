import { inflateSync } from 'node:zlib';

/** The text that the pages of a PDF show, in the order of drawing. */
export function pdfText(pdf: Buffer): string {
  const found: string[] = [];
  for (let at = pdf.indexOf('stream\n'); at >= 0; at = pdf.indexOf('stream\n', at + 1)) {
    const end = pdf.indexOf('\nendstream', at);
    if (end < 0 || pdf.subarray(at - 3, at).toString() === 'end') continue;
    try {
      found.push(inflateSync(pdf.subarray(at + 7, end)).toString('latin1'));
    } catch {
      // A stream that is not compressed holds no text.
    }
  }
  return found
    .join('\n')
    .replace(/\[((?:<[\da-f]*>|[\s\d.-])*)\] TJ/g, (_all, parts: string) =>
      [...parts.matchAll(/<([\da-f]*)>/g)].map(([, hex]) => Buffer.from(hex!, 'hex').toString('latin1')).join(''),
    );
}
