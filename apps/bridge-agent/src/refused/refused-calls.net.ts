import { jetstream } from '@nats-io/jetstream';
import type { CallsRefused } from '@trunkmesh/contracts/refused-call.js';
import { refusedSubject } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { uuidv7 } from 'uuidv7';
import { word } from '../esl/esl-command.js';
import type { EslClient } from '../esl/esl-client.net.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { openCapture, type Capture } from './capture.net.js';
import { readHep, type Captured } from '../sip-capture/hep.js';
import { ownEndpoints } from '../sip-capture/own-endpoints.js';
import { RefusedInvites, type Arrived, type RefusedFacts, type RefusedInvite } from './refused-invites.js';
import { capturedMessages, refusedCalls, refusedRowsDropped } from './refused-metrics.otel.js';
import { RefusedMinutes } from './refused-minutes.js';
import { ReplacingInvites } from './replacing-invites.js';
import type { ShownText } from './seen-invite.js';
import { readSipHead, type SipHead } from '../sip-capture/sip-head.js';

export interface RefusedOptions {
  bridgeId: string;
  profile: string;
  /** 0 turns the capture off; then only the agent's own refusals are published. */
  capturePort: number;
  handled: (sipCallId: string) => boolean;
  /** FreeSWITCH accepted an INVITE that replaces a call. */
  onReplaced: () => void;
  /** A message that FreeSWITCH received or sent. Its text without credentials, if it may be kept. */
  onMessage?: (captured: Captured, head: SipHead, direction: 'in' | 'out') => ShownText | undefined;
  link: NatsLink;
  logger: Logger;
  flushMs?: number;
}

/** What is new is published so soon; what only counts on waits longer (refused-minutes.ts). */
const FLUSH_MS = 500;
const CONCURRENT_PUBLISHES = 64;
const PROFILE_AGAIN_MS = 2_000;
const INVITE = Buffer.from('INVITE ');
const RESPONSE = Buffer.from('SIP/2.0 ');

/**
 * Counts and publishes the INVITEs that FreeSWITCH refuses by itself, from its own capture. Of a message only the
 * fields of `RefusedInvite` are kept.
 */
export class RefusedCalls {
  private readonly invites: RefusedInvites;
  private readonly replacing = new ReplacingInvites();
  private readonly minutes = new RefusedMinutes();
  private readonly timer: NodeJS.Timeout;
  private flushing: Promise<void> | undefined;
  /** FreeSWITCH's own endpoints, which show the direction of a message; empty if they are not known yet. */
  private own: ReadonlySet<string> = new Set();
  private asking: NodeJS.Timeout | undefined;
  private capture: Capture | undefined;
  private trouble: string | undefined;
  private dropped = 0;
  private stopping = false;

  static async start(options: RefusedOptions): Promise<RefusedCalls> {
    const refused = new RefusedCalls(options);
    if (options.capturePort !== 0) await refused.openCapture();
    return refused;
  }

  private constructor(private readonly options: RefusedOptions) {
    this.invites = new RefusedInvites(options.handled);
    this.timer = setInterval(() => {
      void this.flushOnce();
    }, options.flushMs ?? FLUSH_MS);
  }

  /** A call that the agent refused and that belongs to no organisation. */
  noteUnowned(refused: RefusedFacts, sipCallId: string | null): void {
    this.note({ ...refused, ...this.invites.shownOf(sipCallId ?? '', refused.sourceAddress) });
  }

  private note(refused: RefusedInvite): void {
    refusedCalls.add(1, { reason: refused.reason });
    this.minutes.add(refused, new Date());
    if (this.minutes.dropped > this.dropped) refusedRowsDropped.add(this.minutes.dropped - this.dropped);
    this.dropped = this.minutes.dropped;
  }

  onUp(esl: Pick<EslClient, 'api'>): void {
    void this.askProfile(esl);
  }

  /** `up`, also when it is turned off; otherwise why FreeSWITCH's refusals are not seen. */
  readiness(): string {
    return this.trouble ?? 'up';
  }

  async stop(): Promise<void> {
    clearTimeout(this.asking);
    clearInterval(this.timer);
    await this.capture?.stop();
    await this.flushing;
    this.stopping = true;
    await this.flushOnce();
  }

  private async openCapture(): Promise<void> {
    const { capturePort, logger } = this.options;
    try {
      this.capture = await openCapture(capturePort, logger, (datagram) => this.read(datagram));
    } catch (error) {
      this.trouble =
        `the capture port ${capturePort} cannot be opened (${(error as Error).message}): ` +
        'calls that FreeSWITCH itself refuses are not counted';
      logger.error(
        { err: error, port: capturePort },
        'cannot open the capture port; calls that FreeSWITCH itself refuses are not counted',
      );
    }
  }

  private read(datagram: Buffer): void {
    const captured = readHep(datagram);
    if (captured === undefined) return capturedMessages.add(1, { outcome: 'unreadable' });
    const sip = Buffer.from(captured.sip.buffer, captured.sip.byteOffset, captured.sip.length);
    const incoming = startsWith(sip, INVITE) && this.own.has(captured.destination);
    const final = isFinal(sip) && this.own.has(captured.source);
    if (!incoming && !final && this.options.onMessage === undefined) return;
    const text = sip.toString('latin1');
    const head = readSipHead(text);
    if (head === undefined) return;
    const shown = this.passOn(captured, head);
    if (final) this.answered(head, captured.destinationAddress);
    else if (incoming) this.arrived(text, head, { sourceAddress: captured.sourceAddress, shown });
  }

  /** FreeSWITCH received an INVITE. */
  private arrived(text: string, head: SipHead, from: Pick<Arrived, 'sourceAddress' | 'shown'>): void {
    this.replacing.invite(text, head);
    const end = text.indexOf('\r\n\r\n');
    this.invites.invite(head, { ...from, sdp: end === -1 ? '' : text.slice(end + 4), at: Date.now() });
  }

  private passOn(captured: Captured, head: SipHead): ShownText | undefined {
    const { own, options } = this;
    if (own.size === 0) return undefined;
    return options.onMessage?.(captured, head, own.has(captured.source) ? 'out' : 'in');
  }

  /** FreeSWITCH sent a final answer. */
  private answered(head: SipHead, toAddress: string): void {
    if (this.replacing.answer(head)) this.options.onReplaced();
    const refused = this.invites.answer(head, toAddress);
    if (refused !== undefined) this.note(refused);
  }

  private async askProfile(esl: Pick<EslClient, 'api'>): Promise<void> {
    clearTimeout(this.asking);
    const reply = await esl.api('sofia', `xmlstatus profile ${word("the profile's name", this.options.profile)}`);
    if (reply.outcome === 'reply') this.own = ownEndpoints(reply.text);
    // The profile may still be starting.
    if (this.own.size === 0 && reply.outcome !== 'disconnected')
      this.asking = setTimeout(() => {
        void this.askProfile(esl);
      }, PROFILE_AGAIN_MS);
  }

  private flushOnce(): Promise<void> {
    this.flushing ??= this.flush()
      .catch((error: unknown) => {
        this.options.logger.debug({ err: error }, 'cannot publish refused calls; retrying');
      })
      .finally(() => {
        this.flushing = undefined;
      });
    return this.flushing;
  }

  private async flush(): Promise<void> {
    const nc = this.options.link.connection;
    const rows = this.minutes.pending(this.stopping ? undefined : new Date());
    if (nc === undefined || rows.length === 0) return;
    const js = jetstream(nc);
    for (let start = 0; start < rows.length; start += CONCURRENT_PUBLISHES) {
      await Promise.all(
        rows.slice(start, start + CONCURRENT_PUBLISHES).map(async ([key, row]) => {
          const event = this.eventOf(row);
          await js.publish(event.subject, JSON.stringify(event), { msgID: event.id });
          this.minutes.published(key, row, new Date());
        }),
      );
    }
  }

  private eventOf(row: Omit<CallsRefused['data'], 'bridge_id'>): CallsRefused {
    const { bridgeId } = this.options;
    return {
      specversion: '1.0',
      id: uuidv7(),
      source: `trunkmesh/bridge-agent/${bridgeId}`,
      type: 'CallsRefused',
      subject: refusedSubject(bridgeId),
      time: row.last_at,
      datacontenttype: 'application/json',
      data: { bridge_id: bridgeId, ...row },
    };
  }
}

const isFinal = (sip: Buffer): boolean => startsWith(sip, RESPONSE) && sip[RESPONSE.length] !== 0x31;

const startsWith = (bytes: Buffer, prefix: Buffer): boolean =>
  bytes.length > prefix.length && bytes.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
