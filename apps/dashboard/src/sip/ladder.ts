import type { components } from '../generated/api.js';

export type SipMessage = components['schemas']['SipMessage'];

/** One address that sent or received messages; a vertical line of the ladder. */
export interface Lane {
  address: string;
  isBridge: boolean;
}

/** One message of the ladder: an arrow from one lane to another. */
export interface Step {
  /** Counts the messages from 1. */
  place: number;
  message: SipMessage;
  from: number;
  to: number;
  /** For example `INVITE` or `200 OK`. */
  label: string;
  /** Since the message before, for example `+12 ms`; the first has `0 ms`. */
  after: string;
  /** The same message was sent before. */
  isRepeated: boolean;
}

export interface Ladder {
  lanes: Lane[];
  steps: Step[];
}

/** More would be too narrow to read; then the ports of an address share its lane. */
const MAX_LANES = 5;

const hostOf = (address: string) => address.replace(/:\d+$/, '');

/** The lanes in the order of their first message, and the messages in the order of time. */
export function ladderOf(messages: readonly SipMessage[]): Ladder {
  const addresses = new Set(messages.flatMap(({ source, destination }) => [source, destination]));
  const nameOf = addresses.size > MAX_LANES ? hostOf : (address: string) => address;
  const bridges = new Set(messages.map((each) => nameOf(each.direction === 'in' ? each.destination : each.source)));
  const lanes = [...new Set([...addresses].map(nameOf))].map((address) => ({
    address,
    isBridge: bridges.has(address),
  }));
  const laneOf = (address: string) => lanes.findIndex((lane) => lane.address === nameOf(address));
  const seen = new Set<string>();
  const steps = messages.map((message, index) => {
    const before = messages[index - 1];
    const sent = `${message.source} ${message.destination} ${message.text}`;
    const isRepeated = seen.has(sent);
    seen.add(sent);
    return {
      place: index + 1,
      message,
      from: laneOf(message.source),
      to: laneOf(message.destination),
      label: labelOf(message),
      after: before === undefined ? '0 ms' : `+${elapsed(microseconds(message.at) - microseconds(before.at))}`,
      isRepeated,
    };
  });
  return { lanes, steps };
}

/** The method of a request; the status and phrase of a response, and what it answers. */
function labelOf({ method, status, cseq, text }: SipMessage): string {
  const body = /\r?\nContent-Type:\s*application\/sdp/i.test(text) ? ' (SDP)' : '';
  if (method !== null) return method + body;
  const phrase = /^SIP\/2\.0 \d{3} ([^\r\n]{1,40})/.exec(text)?.[1] ?? '';
  const asked = cseq.split(' ').at(-1) ?? '';
  return `${status} ${phrase}`.trim() + (asked === '' || asked === 'INVITE' ? '' : ` (${asked})`) + body;
}

/** The times have microseconds, which `Date` does not. */
const microseconds = (at: string): number => Date.parse(`${at.slice(0, 19)}Z`) * 1000 + Number(at.slice(20, 26));

function elapsed(micros: number): string {
  const ms = Math.max(0, micros) / 1000;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/** What a screen reader says of a message. */
export function spokenStep({ place, label, message, after, isRepeated }: Step): string {
  const again = isRepeated ? ', sent again' : '';
  return `${place}. ${label}${again}, from ${message.source} to ${message.destination}, ${after}`;
}
