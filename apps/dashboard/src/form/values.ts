/** How a field of the API is written in a form. */
export type Kind =
  'text' | 'number' | 'list' | 'numbers' | 'flags' | 'headers' | 'rules' | 'yes-no' | 'choice' | 'trunk' | 'secret';

const EMPTY = '';
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const partsOf = (text: string) => text.split(/[\s,;]+/).filter((part) => part !== EMPTY);
const linesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== EMPTY);

/**
 * What is no number goes to the service as it is: it names the field. In JSON NaN would be null, which takes away what
 * is set.
 */
export const numberOf = (text: string): number =>
  text.trim() !== EMPTY && Number.isFinite(Number(text)) ? Number(text) : (text.trim() as unknown as number);

const RULE = ['direction', 'prefix', 'strip', 'add', 'min_length', 'max_length'] as const;
const RULE_NUMBERS: ReadonlySet<string> = new Set(['strip', 'min_length', 'max_length']);

const ruleText = (rule: unknown) =>
  isRecord(rule) ? RULE.map((name) => String(rule[name] ?? EMPTY)).join(', ') : EMPTY;

const ruleOf = (line: string) =>
  Object.fromEntries(
    line
      .split(',')
      .map((part, index) => [RULE[index] ?? 'too_many_parts', part.trim()] as const)
      .filter(([, part]) => part !== EMPTY)
      .map(([name, part]) => [name, RULE_NUMBERS.has(name) ? numberOf(part) : part]),
  );

/** A line without a colon is a name without a value, which the service refuses. */
function headerOf(line: string): [string, string] {
  const at = line.indexOf(':');
  return at < 0 ? [line, EMPTY] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}

type Text = (value: unknown) => string;
const joined =
  (separator: string): Text =>
  (value) =>
    Array.isArray(value) ? value.join(separator) : EMPTY;
const plain: Text = (value) => (value === null || value === undefined ? EMPTY : String(value as string));

const TEXTS: Readonly<Partial<Record<Kind, Text>>> = {
  list: joined(', '),
  numbers: joined(', '),
  flags: (value) =>
    isRecord(value)
      ? Object.keys(value)
          .filter((name) => value[name] === true)
          .join(', ')
      : EMPTY,
  headers: (value) =>
    isRecord(value)
      ? Object.entries(value)
          .map(([name, text]) => `${name}: ${String(text)}`)
          .join('\n')
      : EMPTY,
  rules: (value) => (Array.isArray(value) ? value.map(ruleText).join('\n') : EMPTY),
  secret: () => EMPTY,
};

/** A field of the API as the form shows it; null is the empty text. */
export const textOf = (kind: Kind, value: unknown): string => (TEXTS[kind] ?? plain)(value);

const VALUES: Readonly<Partial<Record<Kind, (text: string) => unknown>>> = {
  number: numberOf,
  list: partsOf,
  numbers: (text) => partsOf(text).map(numberOf),
  flags: (text) => Object.fromEntries(partsOf(text).map((name) => [name, true])),
  headers: (text) => Object.fromEntries(linesOf(text).map(headerOf)),
  rules: (text) => linesOf(text).map(ruleOf),
  'yes-no': (text) => text === 'true',
};

/** What the form sends; an empty field is null, which goes back to the default. */
export const valueOf = (kind: Kind, text: string): unknown =>
  text.trim() === EMPTY ? null : (VALUES[kind]?.(text) ?? text.trim());
