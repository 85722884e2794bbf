/** A reader that accepts and refuses what FreeSWITCH's own does, with its words for an error. Pure. */
export interface Element {
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: Element[];
}

export type Parsed = { root: Element } | { error: string };

export function parseXml(text: string): Parsed {
  const tree = new Tree();
  let at = text.indexOf('<');
  while (at >= 0) {
    const step = readMarkup(text, at);
    const problem = step.kind === 'error' ? step.message : tree.take(step);
    if (problem !== undefined) return fail(text, at, problem);
    at = text.indexOf('<', step.end);
  }
  return tree.finish(text);
}

const fail = (text: string, position: number, message: string): Parsed => ({
  error: `[error near line ${lineOf(text, position)}]: ${message}`,
});

class Tree {
  private readonly open: Element[] = [];
  private root: Element | undefined;

  /** What is wrong with the markup at this place, or undefined. */
  take(step: Exclude<Markup, { kind: 'error' }>): string | undefined {
    if (step.kind === 'skip') return undefined;
    if (step.kind === 'close')
      return this.open.pop()?.name === step.name ? undefined : `unexpected closing tag </${step.name}>`;
    if (this.root !== undefined && this.open.length === 0) return 'markup outside of root element';
    const element: Element = { name: step.name, attributes: step.attributes, children: [] };
    this.open.at(-1)?.children.push(element);
    this.root ??= element;
    if (step.kind === 'open') this.open.push(element);
    return undefined;
  }

  finish(text: string): Parsed {
    const unclosed = this.open.at(-1);
    if (unclosed !== undefined) return fail(text, text.length, `unclosed tag <${unclosed.name}>`);
    return this.root === undefined ? fail(text, text.length, 'root tag missing') : { root: this.root };
  }
}

type Markup =
  | { kind: 'open' | 'empty'; name: string; attributes: Record<string, string>; end: number }
  | { kind: 'close'; name: string; end: number }
  | { kind: 'skip'; end: number }
  | { kind: 'error'; message: string; end: number };

const SKIPPED = [
  ['<!--', '-->', 'unclosed <!--'],
  ['<![CDATA[', ']]>', 'unclosed <![CDATA['],
  ['<!DOCTYPE', '>', 'unclosed <!DOCTYPE'],
  ['<?', '?>', 'unclosed <?'],
] as const;

function readMarkup(text: string, at: number): Markup {
  for (const [start, stop, message] of SKIPPED) {
    if (!text.startsWith(start, at)) continue;
    const end = text.indexOf(stop, at + start.length);
    return end < 0 ? { kind: 'error', message, end: text.length } : { kind: 'skip', end: end + stop.length };
  }
  const closing = /<\/([^\s>]*)\s*(>?)/y;
  closing.lastIndex = at;
  const close = closing.exec(text);
  if (close !== null)
    return close[2] === '>'
      ? { kind: 'close', name: close[1]!, end: closing.lastIndex }
      : { kind: 'error', message: 'missing >', end: text.length };
  const opening = /<([A-Za-z_:\u0080-\uffff][^\s/>]*)\s*/y;
  opening.lastIndex = at;
  const name = opening.exec(text)?.[1];
  return name === undefined
    ? { kind: 'error', message: 'unexpected <', end: text.length }
    : readAttributes(text, opening.lastIndex, name);
}

/**
 * FreeSWITCH's parser takes everything up to `=`, a blank, `/` or `>` as an attribute's name: a `<` inside a tag ends
 * in "missing >" only where the tag never closes.
 */
function readAttributes(text: string, start: number, name: string): Markup {
  const attributes: Record<string, string> = {};
  let at = start;
  while (at < text.length && text[at] !== '/' && text[at] !== '>') {
    const read = readAttribute(text, at);
    if ('missing' in read) return { kind: 'error', message: `missing ${read.missing}`, end: text.length };
    if (read.value !== undefined) attributes[read.name] = decode(read.value);
    at = read.end;
  }
  if (text.startsWith('/>', at)) return { kind: 'empty', name, attributes, end: at + 2 };
  return text[at] === '>'
    ? { kind: 'open', name, attributes, end: at + 1 }
    : { kind: 'error', message: 'missing >', end: text.length };
}

function readAttribute(text: string, at: number): { name: string; value?: string; end: number } | { missing: string } {
  const attribute = /([^\s=/>]+)(?:\s*=\s*(["'])?)?\s*/y;
  attribute.lastIndex = at;
  const match = attribute.exec(text);
  if (match === null || match[1]!.includes('<')) return { missing: '>' };
  const quote = match[2];
  if (quote === undefined) return { name: match[1]!, end: attribute.lastIndex };
  const opened = text.indexOf(quote, at);
  const closed = text.indexOf(quote, opened + 1);
  if (closed < 0) return { missing: quote };
  const blank = /\s*/y;
  blank.lastIndex = closed + 1;
  blank.exec(text);
  return { name: match[1]!, value: text.slice(opened + 1, closed), end: blank.lastIndex };
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function decode(value: string): string {
  return value.replace(
    /&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi,
    (whole, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      return ENTITIES[name ?? ''] ?? whole;
    },
  );
}

function lineOf(text: string, position: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < position; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

export const children = (element: Element | undefined, name: string): Element[] =>
  element?.children.filter((child) => child.name === name) ?? [];

/** The child of that element name whose attribute `name` is the value. */
export const named = (element: Element | undefined, tag: string, name: string): Element | undefined =>
  children(element, tag).find((child) => child.attributes['name'] === name);

/** `<param name value>` children as a record. */
export const parameters = (element: Element | undefined): Record<string, string> =>
  Object.fromEntries(
    children(element, 'param').map((param) => [param.attributes['name'] ?? '', param.attributes['value'] ?? '']),
  );
