import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AudioEnd } from '@trunkmesh/contracts/audio.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { backoffMs } from '@trunkmesh/runtime/backoff.js';
import { readAssistantMessage, type AssistantRequests } from './assistant-message.js';
import { createByteBudget } from './byte-budget.js';
import { isPrivateLiteral } from '../customer/public-address.net.js';
import { dialMediaSocket, type DialOutcome, type MediaSocket } from './media-socket.net.js';
import { sid, startMediaStream, type MediaStream } from './media-stream.js';
import { closeMeaning, mayReconnect, worthRetrying } from './stream-end.js';
import { signatureHeaders } from './stream-signature.js';

export interface MediaLinkOptions {
  mediaUrl: string;
  signingSecret?: string;
  accountSid: string;
  callSid: string;
  parameters: Readonly<Record<string, string>>;
  connectWithinMs: number;
  reconnectWithinMs: number;
  allowPrivate: boolean;
  ca?: string;
  logger: Logger;
}

export interface MediaLinkEvents extends AssistantRequests {
  /** The assistant was sent a fresh `start`: the first, and one after each drop. */
  onStart(): void;
  onDrop(): void;
  /** Of its own, after it had been connected. */
  onEnd(reason: AudioEnd, detail: string): void;
}

export type LinkOutcome = { outcome: 'connected' } | { outcome: 'failed'; reason: AudioEnd; detail: string };

export interface LinkCounts {
  attempts: number;
  reconnects: number;
  malformed: number;
  ignored: number;
}

/** One call's stream to its assistant, over as many connections as it takes. */
export interface MediaLink {
  readonly connected: Promise<LinkOutcome>;
  /** False: there is no connection at this moment, or the assistant reads too slowly. */
  sendFrame(muLaw: Buffer, timestampMs: number): boolean;
  sendMark(name: string): void;
  sendDtmf(digit: string): void;
  stop(): void;
  readonly counts: Readonly<LinkCounts>;
}

/** Is refused for its scheme. */
const NO_URL = new URL('none:');
/**
 *  Where nobody is there by then, there is time for another attempt in the deadline for the answer. Whoever is there
 *  may take all of it: some open a model's session before they answer.
 */
const CONNECT_MS = 2_500;
const PAUSES = { firstMs: 100, maxMs: 1_000 };
/** Digits that the caller presses while the stream is away reach the assistant afterwards. */
const HELD_DIGITS = 32;

export function openMediaLink(options: MediaLinkOptions, events: MediaLinkEvents): MediaLink {
  const { logger } = options;
  const url = URL.canParse(options.mediaUrl) ? new URL(options.mediaUrl) : NO_URL;
  const stopping = new AbortController();
  const counts: LinkCounts = { attempts: 0, reconnects: 0, malformed: 0, ignored: 0 };
  const budget = createByteBudget(performance.now());
  const reconnectTimes: number[] = [];
  const heldDigits: string[] = [];
  let socket: MediaSocket | undefined;
  let messages: MediaStream | undefined;

  const attempt = (deadlineMs: number): Promise<DialOutcome> => {
    counts.attempts += 1;
    const streamSid = sid('MZ', randomUUID());
    const headers =
      options.signingSecret === undefined
        ? {}
        : signatureHeaders(options.signingSecret, url, { streamSid, now: new Date() });
    const { allowPrivate, ca } = options;
    return dialMediaSocket(
      { url, headers, deadlineMs, connectWithinMs: CONNECT_MS, allowPrivate, ca, signal: stopping.signal },
      {
        onOpen: (opened) => begin(opened, streamSid),
        onText: (text) => read(text, streamSid),
        onBinary: (bytes) => {
          charge(bytes);
          counts.ignored += 1;
        },
        onControlFrame: () => charge(0),
        onClose: closed,
      },
    );
  };

  const begin = (opened: MediaSocket, streamSid: string): void => {
    socket = opened;
    messages = startMediaStream({ accountSid: options.accountSid, callSid: options.callSid, streamSid });
    socket.sendControl(messages.connected());
    socket.sendControl(messages.start(options.parameters));
    for (const digit of heldDigits.splice(0)) socket.sendControl(messages.dtmf(digit));
    events.onStart();
  };

  /** Whatever is read costs, of use or not. */
  const charge = (bytes: number): void => {
    const now = performance.now();
    if (!budget.spend(bytes, now)) socket?.pause(budget.pauseMs(now));
  };

  const read = (text: Buffer, streamSid: string): void => {
    if (stopping.signal.aborted) return;
    charge(text.length);
    const verdict = readAssistantMessage(text.toString(), streamSid, events);
    if (verdict === 'malformed') counts.malformed += 1;
    else if (verdict === 'unknown' || verdict === 'foreign') counts.ignored += 1;
  };

  const closed = (code: number, why: string): void => {
    socket = undefined;
    messages = undefined;
    if (stopping.signal.aborted) return;
    if (closeMeaning(code) === 'hang-up') return end('assistant-hung-up', why);
    logger.warn({ code, why }, 'media stream dropped');
    events.onDrop();
    const now = performance.now();
    if (!mayReconnect(reconnectTimes, now)) return end('media-stream-unstable', why);
    reconnectTimes.push(now);
    void reconnect();
  };

  const reconnect = async (): Promise<void> => {
    const outcome = await dialUntil(performance.now() + options.reconnectWithinMs);
    if (outcome.outcome === 'connected') counts.reconnects += 1;
    else if (!stopping.signal.aborted) end('media-stream-lost', outcome.detail);
  };

  const end = (reason: AudioEnd, detail: string): void => {
    stopping.abort();
    events.onEnd(reason, detail);
  };

  const dialUntil = async (deadline: number): Promise<LinkOutcome> => {
    for (let nth = 0; ; nth += 1) {
      const outcome = await attempt(Math.max(1, deadline - performance.now()));
      if (outcome.outcome === 'open') return { outcome: 'connected' };
      const pause = backoffMs(nth, Math.random(), PAUSES);
      if (stopping.signal.aborted) return { outcome: 'failed', reason: 'call-ended', detail: 'the call ended first' };
      if (isFinal(outcome) || performance.now() + pause >= deadline) return failureOf(outcome);
      logger.debug({ nth, outcome, pause }, 'no media stream yet');
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };

  const connected = refusedAtOnce(url, options) ?? dialUntil(performance.now() + options.connectWithinMs);

  return {
    connected,
    sendFrame: (muLaw, timestampMs) =>
      socket !== undefined && messages !== undefined && socket.sendMedia(messages.media(muLaw, timestampMs)),
    sendMark(name) {
      if (messages) socket?.sendControl(messages.mark(name));
    },
    sendDtmf(digit) {
      if (messages) socket?.sendControl(messages.dtmf(digit));
      else if (heldDigits.length < HELD_DIGITS) heldDigits.push(digit);
    },
    stop() {
      if (stopping.signal.aborted) return;
      stopping.abort();
      if (messages) socket?.sendControl(messages.stop());
      socket?.close();
    },
    counts,
  };
}

const isFinal = (outcome: DialOutcome): boolean =>
  outcome.outcome === 'private-address' || (outcome.outcome === 'refused' && !worthRetrying(outcome.status));

function failureOf(outcome: Exclude<DialOutcome, { outcome: 'open' }>): LinkOutcome {
  switch (outcome.outcome) {
    case 'refused':
      return { outcome: 'failed', reason: 'media-stream-refused', detail: `HTTP ${outcome.status}` };
    case 'private-address':
      return {
        outcome: 'failed',
        reason: 'media-address-not-allowed',
        detail: 'the name leads into a private network',
      };
    case 'unreachable':
      return { outcome: 'failed', reason: 'media-stream-unreachable', detail: outcome.why };
  }
}

/** What no attempt would change. */
function refusedAtOnce(url: URL, { signingSecret, allowPrivate }: MediaLinkOptions): Promise<LinkOutcome> | undefined {
  const refuse = (reason: AudioEnd, detail: string): Promise<LinkOutcome> =>
    Promise.resolve({ outcome: 'failed', reason, detail });
  if (!['ws:', 'wss:'].includes(url.protocol) || url.hash !== '')
    return refuse('media-url-invalid', 'a media URL begins with ws:// or wss:// and has no fragment');
  if (!allowPrivate && isPrivateLiteral(url))
    return refuse('media-address-not-allowed', 'the address belongs to a private network');
  try {
    if (signingSecret !== undefined) signatureHeaders(signingSecret, url, { streamSid: '', now: new Date(0) });
    return undefined;
  } catch {
    return refuse('media-url-invalid', 'the signing secret is empty, or says whsec_ and is not base64');
  }
}
