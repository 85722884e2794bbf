import { REDACTED, redact, redactText } from '@trunkmesh/runtime/redaction.js';

/** No message of the stream that is to be read by a person is longer. */
const MOST_CHARACTERS = 65_536;

const ofError = (error: Error) => ({ message: error.message });
const isSecret = (name: string) => (redact({ [name]: 'x' }, ofError) as Record<string, unknown>)[name] === REDACTED;

const NAME = String.raw`[\w.-]*(?:passw|secret|token|signature|credential|authorization|cookie|api[-_]?key)[\w.-]*`;
const IN_QUERY = new RegExp(String.raw`([?&;]${NAME}=)[^&;\s"]*`, 'gi');
/** What is no JSON may be anything: all that follows such a name in its line. */
const IN_LINE = new RegExp(String.raw`(${NAME}["']?[ \t]*[:=])[^\r\n]*`, 'gi');
/** Control and direction characters could make a terminal show something else. */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}]/gu;

const maskedText = (text: string) => redactText(text).replace(IN_QUERY, `$1${REDACTED}`);

function masked(value: unknown): unknown {
  if (typeof value === 'string') return maskedText(value);
  if (Array.isArray(value)) {
    const [name, other] = value as unknown[];
    // A header line.
    if (value.length === 2 && typeof name === 'string' && typeof other === 'string' && isSecret(name))
      return [name, REDACTED];
    return value.map(masked);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, masked(field)]));
}

/**
 * A message of the stream as a person may see it: what has the name of a secret, and the passwords and tokens in URLs,
 * are masked. Numbers of callers are shown.
 */
export function maskedPayload(payload: Uint8Array): string {
  const text = new TextDecoder().decode(payload);
  let shown: string;
  try {
    shown = JSON.stringify(masked(redact(JSON.parse(text), ofError)), null, 2);
  } catch {
    shown = maskedText(text).replace(IN_LINE, `$1 ${REDACTED}`);
  }
  const cut = shown.length > MOST_CHARACTERS ? `${shown.slice(0, MOST_CHARACTERS)}\n(cut)` : shown;
  return cut.replace(UNSEEN, (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`);
}
