/** What an assistant may ask for. `media`'s payload is text that has not been decoded yet. */
export interface AssistantRequests {
  media(payload: string): void;
  mark(name: string): void;
  clear(): void;
  /** Digits for the caller (RFC 4733), checked. */
  digits(digits: string): void;
}

/** `foreign`: its `streamSid` names another stream, so it must not be played in this call. */
export type MessageVerdict = 'media' | 'mark' | 'clear' | 'dtmf' | 'unknown' | 'foreign' | 'malformed';

/** A mark's name is sent back, so it is kept until then. */
const MAX_MARK_LENGTH = 256;
const DIGITS = /^[\dA-Da-d*#wW]{1,64}$/;

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;

/**
 * Reads one text frame and returns the request in it, if it is valid. Clients differ: `streamSid` may be absent,
 * `media` may carry a track, and any other field or event is ignored.
 */
export function readAssistantMessage(text: string, streamSid: string, requests: AssistantRequests): MessageVerdict {
  const message = fields(parse(text));
  if (!message || typeof message['event'] !== 'string') return 'malformed';
  const meantFor = message['streamSid'];
  if (meantFor !== undefined && meantFor !== null && meantFor !== streamSid) return 'foreign';
  switch (message['event']) {
    case 'media':
      return readMedia(fields(message['media']), requests);
    case 'mark':
      return readMark(fields(message['mark']), requests);
    case 'clear':
      requests.clear();
      return 'clear';
    case 'dtmf':
      return readDigits(fields(message['dtmf']), requests);
    default:
      return 'unknown';
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readMedia(media: Fields | undefined, requests: AssistantRequests): MessageVerdict {
  const payload = media?.['payload'];
  if (typeof payload !== 'string') return 'malformed';
  requests.media(payload);
  return 'media';
}

function readMark(mark: Fields | undefined, requests: AssistantRequests): MessageVerdict {
  const name = mark?.['name'];
  if (typeof name !== 'string' || name.length > MAX_MARK_LENGTH) return 'malformed';
  requests.mark(name);
  return 'mark';
}

/** An extension of the protocol: `digit` as in the messages to the assistant, or several in `digits`. */
function readDigits(dtmf: Fields | undefined, requests: AssistantRequests): MessageVerdict {
  const digits = dtmf?.['digits'] ?? dtmf?.['digit'];
  if (typeof digits !== 'string' || !DIGITS.test(digits)) return 'malformed';
  requests.digits(digits);
  return 'dtmf';
}
