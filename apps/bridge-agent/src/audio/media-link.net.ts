import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AudioEnd } from '@trunkmesh/contracts/audio.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { backoffMs } from '@trunkmesh/runtime/backoff.js';
import { readAssistantMessage, type AssistantRequests } from './assistant-message.js';
import { createByteBudget } from './byte-budget.js';
import { isPrivateLiteral } from '@trunkmesh/runtime/public-address.net.js';
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
  /** A new `start` was sent: the first one, and one after each drop. */
  onStart(): void;
  onDrop(): void;
  /** Ended by itself after it had been connected. */
  onEnd(reason: AudioEnd, detail: string): void;
}

export type LinkOutcome = { outcome: 'connected' } | { outcome: 'failed'; reason: AudioEnd; detail: string };

export interface LinkCounts {
  attempts: number;
  reconnects: number;
  malformed: number;
  ignored: number;
}

/** Refused because of its scheme. */
const NO_URL = new URL('none:');
/**
 * If no connection is made by then, the answer deadline leaves time for another attempt. Once connected, an assistant
 * may use the whole deadline: some open a model session before they answer.
 */
const CONNECT_MS = 2_500;
const PAUSES = { firstMs: 100, maxMs: 1_000 };
/** Digits that the caller presses while the stream is disconnected are sent after it reconnects. */
const MAX_HELD_DIGITS = 32;

/** One call's stream to its assistant, over as many connections as it takes. */
export class MediaLink {
  readonly connected: Promise<LinkOutcome>;
  readonly counts: Readonly<LinkCounts>;
  private readonly counted: LinkCounts = { attempts: 0, reconnects: 0, malformed: 0, ignored: 0 };
  private readonly url: URL;
  private readonly stopping = new AbortController();
  private readonly budget = createByteBudget(performance.now());
  private readonly reconnectTimes: number[] = [];
  private readonly heldDigits: string[] = [];
  private socket: MediaSocket | undefined;
  private messages: MediaStream | undefined;

  constructor(
    private readonly options: MediaLinkOptions,
    private readonly events: MediaLinkEvents,
  ) {
    this.counts = this.counted;
    this.url = URL.canParse(options.mediaUrl) ? new URL(options.mediaUrl) : NO_URL;
    this.connected = refusedAtOnce(this.url, options) ?? this.dialUntil(performance.now() + options.connectWithinMs);
  }

  /** False when there is no connection or the assistant reads too slowly. */
  sendFrame(muLaw: Buffer, timestampMs: number): boolean {
    const { socket, messages } = this;
    return socket !== undefined && messages !== undefined && socket.sendMedia(messages.media(muLaw, timestampMs));
  }

  sendMark(name: string): void {
    if (this.messages) this.socket?.sendControl(this.messages.mark(name));
  }

  sendDtmf(digit: string): void {
    if (this.messages) this.socket?.sendControl(this.messages.dtmf(digit));
    else if (this.heldDigits.length < MAX_HELD_DIGITS) this.heldDigits.push(digit);
  }

  stop(): void {
    if (this.stopping.signal.aborted) return;
    this.stopping.abort();
    if (this.messages) this.socket?.sendControl(this.messages.stop());
    this.socket?.close();
  }

  private async dialUntil(deadline: number): Promise<LinkOutcome> {
    const { signal } = this.stopping;
    for (let nth = 0; ; nth += 1) {
      const outcome = await this.attempt(Math.max(1, deadline - performance.now()));
      if (outcome.outcome === 'open') return { outcome: 'connected' };
      const pause = backoffMs(nth, Math.random(), PAUSES);
      if (signal.aborted) return { outcome: 'failed', reason: 'call-ended', detail: 'the call ended first' };
      if (isFinal(outcome) || performance.now() + pause >= deadline) return failureOf(outcome);
      this.options.logger.debug({ nth, outcome, pause }, 'media stream not connected yet');
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }

  private attempt(deadlineMs: number): Promise<DialOutcome> {
    this.counted.attempts += 1;
    const { url } = this;
    const { signingSecret, allowPrivate, ca } = this.options;
    const streamSid = sid('MZ', randomUUID());
    const headers =
      signingSecret === undefined ? {} : signatureHeaders(signingSecret, url, { streamSid, now: new Date() });
    return dialMediaSocket(
      { url, headers, deadlineMs, connectWithinMs: CONNECT_MS, allowPrivate, ca, signal: this.stopping.signal },
      {
        onOpen: (opened) => this.begin(opened, streamSid),
        onText: (text) => this.read(text, streamSid),
        onBinary: (bytes) => {
          this.charge(bytes);
          this.counted.ignored += 1;
        },
        onControlFrame: () => this.charge(0),
        onClose: (code, why) => this.closed(code, why),
      },
    );
  }

  private begin(socket: MediaSocket, streamSid: string): void {
    const { accountSid, callSid, parameters } = this.options;
    const messages = startMediaStream({ accountSid, callSid, streamSid });
    this.socket = socket;
    this.messages = messages;
    socket.sendControl(messages.connected());
    socket.sendControl(messages.start(parameters));
    for (const digit of this.heldDigits.splice(0)) socket.sendControl(messages.dtmf(digit));
    this.events.onStart();
  }

  /** Every message that is read costs time, useful or not. */
  private charge(bytes: number): void {
    const now = performance.now();
    if (!this.budget.spend(bytes, now)) this.socket?.pause(this.budget.pauseMs(now));
  }

  private read(text: Buffer, streamSid: string): void {
    if (this.stopping.signal.aborted) return;
    this.charge(text.length);
    const verdict = readAssistantMessage(text.toString(), streamSid, this.events);
    if (verdict === 'malformed') this.counted.malformed += 1;
    else if (verdict === 'unknown' || verdict === 'foreign') this.counted.ignored += 1;
  }

  private closed(code: number, why: string): void {
    this.socket = undefined;
    this.messages = undefined;
    if (this.stopping.signal.aborted) return;
    if (closeMeaning(code) === 'hang-up') return this.end('assistant-hung-up', why);
    this.options.logger.warn({ code, why }, 'media stream dropped');
    this.events.onDrop();
    const now = performance.now();
    if (!mayReconnect(this.reconnectTimes, now)) return this.end('media-stream-unstable', why);
    this.reconnectTimes.push(now);
    void this.reconnect();
  }

  private async reconnect(): Promise<void> {
    const outcome = await this.dialUntil(performance.now() + this.options.reconnectWithinMs);
    if (outcome.outcome === 'connected') this.counted.reconnects += 1;
    else if (!this.stopping.signal.aborted) this.end('media-stream-lost', outcome.detail);
  }

  private end(reason: AudioEnd, detail: string): void {
    this.stopping.abort();
    this.events.onEnd(reason, detail);
  }
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
        detail: 'the host name resolves to a private address',
      };
    case 'unreachable':
      return { outcome: 'failed', reason: 'media-stream-unreachable', detail: outcome.why };
  }
}

/** Errors that another attempt would not fix. */
function refusedAtOnce(url: URL, { signingSecret, allowPrivate }: MediaLinkOptions): Promise<LinkOutcome> | undefined {
  const refuse = (reason: AudioEnd, detail: string): Promise<LinkOutcome> =>
    Promise.resolve({ outcome: 'failed', reason, detail });
  if (!['ws:', 'wss:'].includes(url.protocol) || url.hash !== '')
    return refuse('media-url-invalid', 'a media URL begins with ws:// or wss:// and has no fragment');
  if (!allowPrivate && isPrivateLiteral(url)) return refuse('media-address-not-allowed', 'the address is private');
  try {
    if (signingSecret !== undefined) signatureHeaders(signingSecret, url, { streamSid: '', now: new Date(0) });
    return undefined;
  } catch {
    return refuse('media-url-invalid', 'the signing secret is empty, or says whsec_ and is not base64');
  }
}
