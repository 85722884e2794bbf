/** Reads a recorded event-socket conversation: what the client sent and the frames that came back, in order. Pure. */
export interface Frame {
  headers: [name: string, value: string][];
  /** Of a text/event-plain frame, or of the answer to `connect`. */
  event?: [name: string, value: string][];
  body?: string;
}

export interface Exchange {
  commands: string[];
  frames: Frame[];
}

const CLIENT = /^(?:C: |>>> )(.*)$/;
/** These lines of the client's are headers of the command before them. */
const CONTINUES = new RegExp(
  `^(?:${[
    'call-command',
    'execute-app-name',
    'execute-app-arg',
    'hangup-cause',
    'local-ip',
    'local-port',
    'remote-ip',
    'remote-port',
    'transport',
    'flags',
    'application',
    'X-Injected',
  ].join('|')}): `,
);

export function readRecording(text: string): Exchange[] {
  const exchanges: Exchange[] = [{ commands: [], frames: [] }];
  let lines: string[] = [];
  const flush = () => {
    exchanges.at(-1)!.frames.push(...readFrames(lines));
    lines = [];
  };
  for (const line of text.split('\n')) {
    const sent = CLIENT.exec(line)?.[1];
    if (sent === undefined) lines.push(line.replace(/^S: ?/, ''));
    else if (CONTINUES.test(sent)) exchanges.at(-1)!.commands.push(`${exchanges.at(-1)!.commands.pop()}\n${sent}`);
    else {
      if (lines.some((entry) => entry !== '') || exchanges.length === 1) {
        flush();
        exchanges.push({ commands: [], frames: [] });
      }
      lines = [];
      exchanges.at(-1)!.commands.push(sent.replaceAll('\\n', '\n'));
    }
  }
  flush();
  return exchanges.filter(({ commands, frames }) => commands.length > 0 || frames.length > 0);
}

const header = (line: string): [string, string] | undefined => {
  const match = /^([\w-]+): ?(.*)$/.exec(line);
  return match === null ? undefined : [match[1]!, match[2]!];
};

function readFrames(lines: readonly string[]): Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  while (at < lines.length) {
    const { headers, next } = readHeaders(lines, at);
    if (headers.length === 0) {
      at += 1;
      continue;
    }
    const { frame, next: after } = readFrame(headers, lines, next);
    frames.push(frame);
    at = after;
  }
  return frames;
}

function readFrame(headers: [string, string][], lines: readonly string[], at: number): { frame: Frame; next: number } {
  const value = (name: string) => headers.find(([key]) => key === name)?.[1];
  if (value('Event-Name') !== undefined) {
    const answer: [string, string][] = value('Content-Type') === undefined ? [] : [['Content-Type', 'command/reply']];
    return { frame: { headers: answer, event: headers }, next: at };
  }
  if (value('Content-Type') === 'text/event-plain') return readEvent(headers, lines, at);
  const length = value('Content-Length');
  const body = readBody(lines, at, Number(length ?? 0));
  return { frame: { headers, ...(length === undefined ? {} : { body: body.text }) }, next: body.next };
}

function readEvent(
  headers: [string, string][],
  lines: readonly string[],
  from: number,
): { frame: Frame; next: number } {
  const first = lines.findIndex((line, index) => index >= from && line !== '');
  const { headers: event, next } = readHeaders(lines, first < 0 ? lines.length : first);
  const length = Number(event.find(([name]) => name === 'Content-Length')?.[1] ?? 0);
  const body = readBody(lines, next, length);
  return { frame: { headers, event, ...(length > 0 ? { body: body.text } : {}) }, next: body.next };
}

/**
 * Up to an empty line; the recorder left that out after a reply that has no body, so a new frame's first header ends
 * one too.
 */
function readHeaders(lines: readonly string[], from: number): { headers: [string, string][]; next: number } {
  const headers: [string, string][] = [];
  let at = from;
  for (; at < lines.length && lines[at] !== ''; at += 1) {
    const entry = header(lines[at]!);
    if (entry === undefined) break;
    const replied = headers.some(([name]) => name === 'Reply-Text');
    if (replied && (entry[0] === 'Content-Length' || entry[0] === 'Content-Type') && headers[0]![0] === 'Content-Type')
      break;
    headers.push(entry);
  }
  return { headers, next: at };
}

function readBody(lines: readonly string[], from: number, length: number): { text: string; next: number } {
  if (length === 0) return { text: '', next: from };
  let at = from;
  if (lines[at] === '') at += 1;
  let text = '';
  while (at < lines.length && text.length < length) {
    text += `${lines[at]}\n`;
    at += 1;
  }
  return { text: text.slice(0, length), next: at };
}
