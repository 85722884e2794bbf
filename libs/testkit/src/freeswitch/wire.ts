/** The event socket's framing, as recorded. Pure. */
export type Headers = readonly (readonly [name: string, value: string])[];

/** FreeSWITCH's own set of characters to encode in event values; `,` `/` `(` `)` `$` `'` stay as they are. */
const UNSAFE = /[\r\n "#%&+:;<=>?@[\\\]^`{|}]|[^\x20-\x7e]/gu;

export function percentEncode(value: string): string {
  return value.replace(UNSAFE, (character) =>
    Array.from(
      new TextEncoder().encode(character),
      (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    ).join(''),
  );
}

export const byteLength = (text: string): number => new TextEncoder().encode(text).length;

/** One header a line and an empty line after them, without encoding. */
export const block = (headers: Headers): string =>
  `${headers.map(([name, value]) => `${name}: ${value}\n`).join('')}\n`;

/** An event's own text: values percent-encoded; a body is counted by its own Content-Length. */
export function eventText(headers: Headers, body?: string): string {
  const lines = headers.map(([name, value]) => `${name}: ${percentEncode(value)}\n`).join('');
  return body === undefined ? `${lines}\n` : `${lines}Content-Length: ${byteLength(body)}\n\n${body}`;
}

export const eventFrame = (text: string): string =>
  block([
    ['Content-Length', String(byteLength(text))],
    ['Content-Type', 'text/event-plain'],
  ]) + text;

export function eventJsonFrame(headers: Headers, body?: string): string {
  const fields = Object.fromEntries(headers);
  const text = JSON.stringify(
    body === undefined ? fields : { ...fields, 'Content-Length': String(byteLength(body)), _body: body },
  );
  return (
    block([
      ['Content-Length', String(byteLength(text))],
      ['Content-Type', 'text/event-json'],
    ]) + text
  );
}

export const commandReply = (text: string, more: Headers = []): string =>
  block([['Content-Type', 'command/reply'], ['Reply-Text', text], ...more]);

export const apiResponse = (body: string): string =>
  block([
    ['Content-Type', 'api/response'],
    ['Content-Length', String(byteLength(body))],
  ]) + body;

export const GOODBYE = 'Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n';

export const disconnectNotice = (more: Headers = []): string =>
  block([['Content-Type', 'text/disconnect-notice'], ...more, ['Content-Length', String(byteLength(GOODBYE))]]) +
  GOODBYE;

export interface Command {
  /** The first line. */
  line: string;
  headers: ReadonlyMap<string, string>;
  /** The same, each that came more than once as well. */
  lines: Headers;
  body: string;
}

/** Cuts what a client sends into commands: lines up to an empty one, and a body where a Content-Length says so. */
export class CommandReader {
  private text = '';

  push(chunk: string): Command[] {
    this.text += chunk.replaceAll('\r\n', '\n');
    const commands: Command[] = [];
    for (let command = this.next(); command !== undefined; command = this.next()) commands.push(command);
    return commands;
  }

  private next(): Command | undefined {
    this.text = this.text.replace(/^\n+/, '');
    const end = this.text.indexOf('\n\n');
    if (end < 0) return undefined;
    const [line = '', ...rest] = this.text.slice(0, end).split('\n');
    const lines = rest.map((text) => {
      const colon = text.indexOf(':');
      return colon < 0
        ? ([text.toLowerCase(), ''] as const)
        : ([text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()] as const);
    });
    const headers = new Map(lines);
    const length = Number(headers.get('content-length') ?? 0) || 0;
    if (this.text.length < end + 2 + length) return undefined;
    const body = this.text.slice(end + 2, end + 2 + length);
    this.text = this.text.slice(end + 2 + length);
    return { line, headers, lines, body };
  }
}
