/** What takes a secret's place in a log line. */
export const REDACTED = '[redacted]';

/**
 * Names whose values never reach a log, wherever in the object they stand. `has_password` and other flags are not
 * secrets: only text and objects are hidden.
 */
const SECRET_NAME =
  /password|passwd|secret|authorization|cookie|credential|^key$|^keys$|(api|bootstrap|private|access|admin|encryption)[-_]?keys?$|token$/i;
const DEEPEST = 8;

/**
 * A copy of the value in which everything under a secret's name is hidden. Deeper than `DEEPEST` nothing is shown at
 * all, because what was not looked at cannot be trusted to hold no secret. `describeError` gives the fields of an Error
 * that are worth logging.
 */
export function redact(value: unknown, describeError: (error: Error) => object, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth > DEEPEST) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => redact(item, describeError, depth + 1));
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  return redactFields(value instanceof Error ? describeError(value) : value, describeError, depth);
}

function redactFields(value: object, describeError: (error: Error) => object, depth: number): object {
  const shown: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    shown[name] = isSecret(name, field) ? REDACTED : redact(field, describeError, depth + 1);
  }
  return shown;
}

function isSecret(name: string, field: unknown): boolean {
  return (typeof field === 'string' || (typeof field === 'object' && field !== null)) && SECRET_NAME.test(name);
}

const URL_PASSWORD = /(\b[a-z][a-z\d+.-]{1,20}:\/\/[^\s:@/"']{0,256}):[^\s@/"']{1,256}@/gi;
const BEARER = /\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi;

/**
 * Hides what a text written by others (an error's message, a URL) often carries: the password of a connection string,
 * an Authorization value.
 */
export function redactText(text: string): string {
  return text.replace(URL_PASSWORD, `$1:${REDACTED}@`).replace(BEARER, `$1 ${REDACTED}`);
}
