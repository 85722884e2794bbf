/** An id or a number of ours, which hold nothing to escape. */
export const plain = (text: string | null): string => (text === null ? 'null' : `"${text}"`);

/** What JSON writes as it is: printable ASCII but for the quote and the backslash. */
const AS_IT_IS = /^[ !#-[\]-~]*$/;
export const quoted = (text: string): string => (AS_IT_IS.test(text) ? `"${text}"` : JSON.stringify(text));

/** Undefined: it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
