/** A part of a file, both ends included. */
export interface ByteRange {
  first: number;
  last: number;
}

/**
 * What the header Range asks for (RFC 9110 §14.2). Undefined: the whole file, also where the header cannot be read or
 * asks for several parts, as the RFC allows. A beginning behind the end of the file is `unsatisfiable`.
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (from !== '') return partFrom(Number(from), to === '' ? size - 1 : Number(to), size);
  if (to === '') return undefined;
  return Number(to) === 0 ? 'unsatisfiable' : { first: Math.max(0, size - Number(to)), last: size - 1 };
}

function partFrom(first: number, last: number, size: number): ByteRange | 'unsatisfiable' | undefined {
  if (first >= size) return 'unsatisfiable';
  return last < first ? undefined : { first, last: Math.min(last, size - 1) };
}
