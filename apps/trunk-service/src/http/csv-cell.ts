/** What a spreadsheet would take for a formula. Signed integers and numbers in E.164 are none. */
const FORMULA = /^[=@\t\r]|^[+-](?!\d+$)/;

/** A cell of RFC 4180; null is empty. A caller chooses its number: an apostrophe makes a formula a text. */
export function csvCell(value: string | number | boolean | null): string {
  if (value === null) return '';
  const text = String(value);
  const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
