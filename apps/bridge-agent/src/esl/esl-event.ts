import { decodeValue, decodeValues, parseHeaderLines, type EslFrame, type EslHeaders } from './esl-frame.js';

/** An event, or a channel's data: every value decoded. */
export interface EslEvent {
  /** `Event-Name`; for CUSTOM the subclass is `subclass`. */
  name: string;
  subclass: string | null;
  headers: EslHeaders;
  body: string;
}

function eventOf(headers: EslHeaders, body: string): EslEvent {
  return { name: headers.get('Event-Name') ?? '', subclass: headers.get('Event-Subclass') ?? null, headers, body };
}

/**
 * The body of a `text/event-plain` frame: header lines of its own, and a body of its own where it has a
 * Content-Length.
 */
export function parsePlainEvent(body: string): EslEvent {
  const end = body.indexOf('\n\n');
  const headers = parseHeaderLines(end === -1 ? body : body.slice(0, end), decodeValue);
  const own = end === -1 || !headers.has('Content-Length') ? '' : body.slice(end + 2);
  return eventOf(headers, own);
}

/**
 * The reply to `connect` on an outbound connection: the channel's data are the frame's own headers, percent-encoded
 * like an event's.
 */
export function parseChannelData(frame: EslFrame): EslEvent {
  return eventOf(decodeValues(frame.headers), frame.body);
}

/** A log line, after `log LEVEL`. FreeSWITCH does not encode it. */
export interface EslLogLine {
  level: number;
  text: string;
  /** The C function that wrote it; null if the frame does not name it. */
  func: string | null;
}

export function parseLogLine(frame: EslFrame): EslLogLine {
  return {
    level: Number(frame.headers.get('Log-Level') ?? '7'),
    text: frame.body,
    func: frame.headers.get('Log-Func') ?? null,
  };
}

export type EslFrameKind = 'reply' | 'event' | 'log' | 'auth-request' | 'disconnect' | 'rejected' | 'unknown';

const KINDS: Readonly<Record<string, EslFrameKind>> = {
  'command/reply': 'reply',
  'api/response': 'reply',
  'text/event-plain': 'event',
  'log/data': 'log',
  'auth/request': 'auth-request',
  'text/disconnect-notice': 'disconnect',
  // The event socket's own access list refused us.
  'text/rude-rejection': 'rejected',
};

export function kindOfFrame(frame: EslFrame): EslFrameKind {
  const type = frame.headers.get('Content-Type') ?? '';
  return Object.hasOwn(KINDS, type) ? KINDS[type]! : 'unknown';
}

/**
 * With `linger` the socket stays open after the hang-up so that the last events arrive: this notice does not end the
 * connection.
 */
export function isLingerNotice(frame: EslFrame): boolean {
  return frame.headers.get('Content-Disposition') === 'linger';
}
