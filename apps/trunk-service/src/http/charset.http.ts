import { isUtf8 } from 'node:buffer';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import iconv from 'iconv-lite';
import { SLICE_BYTES } from './json-slices.js';

const REPLACEMENT = '\ufffd';
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * The body in UTF-8, without a byte order mark, whatever the `charset` of its Content-Type. Bytes that are none of that
 * character set would be stored as something else than what was sent, so they are refused.
 * @throws DomainError invalid-request, unsupported-media-type
 */
export function* inUtf8(bytes: Buffer, contentType: string): Generator<undefined, Buffer> {
  const charset = charsetOf(contentType);
  // RFC 8259 §8.1: JSON has no other one.
  if (/json/i.test(contentType) && !charset.startsWith('utf-')) throw unsupported('JSON must be sent in UTF-8.');
  if (charset !== 'utf-8') return Buffer.from(yield* decoded(bytes, charset));
  if (!isUtf8(bytes)) throw notUtf8(contentType);
  return bytes.subarray(0, 3).equals(BOM) ? bytes.subarray(3) : bytes;
}

/** By its name in the Encoding Standard, which knows the aliases. */
function charsetOf(contentType: string): string {
  const label = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    const { encoding } = new TextDecoder(label);
    if (iconv.encodingExists(encoding)) return encoding;
  } catch {
    /* An unknown label, or one that this Node cannot decode. */
  }
  throw unsupported('Send UTF-8, or name another one, for example charset=windows-1252.');
}

function unsupported(advice: string): DomainError {
  return new DomainError(
    'unsupported-media-type',
    `The character set of the header Content-Type is not supported. ${advice}`,
  );
}

function* decoded(bytes: Buffer, charset: string): Generator<undefined, string> {
  const decoder = iconv.getDecoder(charset);
  const texts: string[] = [];
  for (let from = 0; from < bytes.length; from += SLICE_BYTES) {
    texts.push(decoder.write(bytes.subarray(from, from + SLICE_BYTES)));
    yield;
  }
  texts.push(decoder.end() ?? '');
  const text = texts.join('');
  if (text.includes(REPLACEMENT)) throw notThat(`${charset}, the character set in its header Content-Type.`);
  return text;
}

function notUtf8(contentType: string): DomainError {
  if (/charset/i.test(contentType)) return notThat('UTF-8, the character set in its header Content-Type.');
  if (/json/i.test(contentType)) return notThat('UTF-8. JSON must be sent in UTF-8.');
  const save = contentType.includes('csv') ? 'Save the file as UTF-8 (spreadsheets call it "CSV UTF-8")' : 'Send UTF-8';
  const name = 'name its character set, for example "charset=windows-1252" in the header Content-Type.';
  return notThat(`UTF-8. ${save}, or ${name}`);
}

function notThat(what: string): DomainError {
  const problem = { pointer: '', message: 'is not in its character set' };
  return new DomainError('invalid-request', `The body has bytes that are not ${what}`, [problem]);
}
