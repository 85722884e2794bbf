import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import {
  trunkExchange,
  type SipMessage,
  type SipMessagesCaptured,
  type TrunkExchange,
} from '@trunkmesh/contracts/sip-message.js';
import { gatewayKey, SIP_TRUNKS_BUCKET, sipSubject } from '@trunkmesh/contracts/subjects.js';
import { openBucket } from '@trunkmesh/event-log/bucket.nats.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { uuidv7 } from 'uuidv7';
import { CallLadders, type CallOwner, type LadderPart } from './call-ladders.js';
import { copyOf } from './copy-of.js';
import { DailyQuota } from './daily-quota.js';
import type { Captured } from './hep.js';
import { isOwnRequest } from './own-requests.process.js';
import { sipMessagesDropped, sipMessagesKept } from './sip-capture-metrics.otel.js';
import type { SipHead } from './sip-head.js';
import { maskSip } from './sip-mask.js';
import { TrunkLadders } from './trunk-ladders.js';

export interface SipMessagesOptions {
  bridgeId: string;
  /** False: nothing is kept. */
  enabled: boolean;
  /** Of the calls of one organisation. Undefined: any number. */
  charactersPerDay?: number;
  /** Whether the organisation wants its messages kept. */
  isWanted: (organizationId: string, numberId: string | null) => boolean;
  link: NatsLink;
  logger: Logger;
  flushMs?: number;
}

const FLUSH_MS = 2_000;
const CONCURRENT_PUBLISHES = 64;
const TRUNKS_A_FLUSH = 512;
const TEXT = new TextDecoder();

/**
 * The SIP messages of this host's calls and registrations: cut, grouped and published off the call path. What was not
 * published when the agent is killed is lost.
 */
export class SipMessages {
  private readonly calls = new CallLadders();
  private readonly trunks = new TrunkLadders();
  private readonly quota: DailyQuota;
  private readonly timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | undefined;
  private dropped = 0;
  /** The organisation of a trunk of this bridge. */
  organizationOf: (trunkId: string) => string | undefined = () => undefined;

  constructor(private readonly options: SipMessagesOptions) {
    this.quota = new DailyQuota(options.charactersPerDay ?? Number.MAX_SAFE_INTEGER);
    if (!options.enabled) return;
    this.timer = setInterval(() => {
      void this.flushOnce();
    }, options.flushMs ?? FLUSH_MS);
  }

  /** Undefined: messages are not kept. */
  heard(captured: Captured, head: SipHead, direction: 'in' | 'out'): SipMessage | undefined {
    if (!this.options.enabled || head.callId === '' || isOwnRequest(head)) return undefined;
    const now = Date.now();
    const message = messageOf(captured, head, direction);
    const ofTrunk = head.cseq.endsWith(' OPTIONS') && (!head.withinDialog || this.trunks.knows(head.callId));
    if (ofTrunk || head.cseq.endsWith(' REGISTER')) {
      this.trunks.add(head, message, now);
      return message;
    }
    const remote = direction === 'in' ? captured.sourceAddress : captured.destinationAddress;
    const dialog = { sipCallId: copyOf(head.callId), remote, withinDialog: head.withinDialog };
    this.calls.add(dialog, message, now);
    return message;
  }

  /** The call of a SIP dialog. `remote` undefined: FreeSWITCH made the Call-ID. */
  own(sipCallId: string, remote: string | undefined, owner: CallOwner): void {
    const { enabled, isWanted } = this.options;
    if (enabled && isWanted(owner.organizationId, owner.numberId)) this.calls.own(sipCallId, remote, owner, Date.now());
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.flushing;
    if (this.options.enabled) await this.flushOnce();
  }

  private flushOnce(): Promise<void> {
    this.flushing ??= this.flush()
      .catch((error: unknown) => {
        this.options.logger.debug({ err: error }, 'cannot publish SIP messages');
      })
      .finally(() => {
        this.flushing = undefined;
      });
    return this.flushing;
  }

  private async flush(): Promise<void> {
    sipMessagesDropped.add(this.calls.dropped - this.dropped);
    this.dropped = this.calls.dropped;
    const nc = this.options.link.connection;
    if (nc === undefined) return;
    const now = Date.now();
    const parts = this.calls.take(now, (organization, amount) => this.quota.take(organization, amount, now));
    const publishes = [...parts.map((part) => this.publish(nc, part)), ...this.putTrunks(nc, now)];
    for (let start = 0; start < publishes.length; start += CONCURRENT_PUBLISHES)
      await Promise.all(publishes.slice(start, start + CONCURRENT_PUBLISHES).map((publish) => publish()));
  }

  private publish(nc: NatsConnection, { owner, messages, leftOut }: LadderPart): () => Promise<void> {
    const { bridgeId } = this.options;
    const { organizationId, callId } = owner;
    const event: SipMessagesCaptured = {
      specversion: '1.0',
      id: uuidv7(),
      source: `trunkmesh/bridge-agent/${bridgeId}`,
      type: 'SipMessagesCaptured',
      subject: sipSubject(organizationId, callId),
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      data: { organization_id: organizationId, call_id: callId, bridge_id: bridgeId, messages, left_out: leftOut },
    };
    return async () => {
      await jetstream(nc).publish(event.subject, JSON.stringify(event), { msgID: event.id });
      sipMessagesKept.add(messages.length);
    };
  }

  private putTrunks(nc: NatsConnection, now: number): (() => Promise<void>)[] {
    const { bridgeId, logger, isWanted } = this.options;
    const bucket = openBucket(nc, { name: SIP_TRUNKS_BUCKET, schema: trunkExchange, logger });
    return this.trunks.take(TRUNKS_A_FLUSH, now).flatMap(({ trunkId, messages }) => {
      const organizationId = this.organizationOf(trunkId);
      if (organizationId === undefined || !isWanted(organizationId, null)) return [];
      const exchange: TrunkExchange = {
        organization_id: organizationId,
        trunk_id: trunkId,
        bridge_id: bridgeId,
        messages,
        updated_at: new Date(now).toISOString(),
      };
      return [() => bucket.put(gatewayKey(organizationId, trunkId, bridgeId), exchange)];
    });
  }
}

function messageOf({ at, source, destination, transport, sip }: Captured, head: SipHead, direction: 'in' | 'out') {
  const [seconds, microseconds] = at;
  const message: SipMessage = {
    at: `${new Date(seconds * 1_000).toISOString().slice(0, 19)}.${String(microseconds).padStart(6, '0')}Z`,
    direction,
    source,
    destination,
    transport,
    method: head.method ?? null,
    status: head.status ?? null,
    sip_call_id: printable(head.callId),
    cseq: printable(head.cseq),
    ...maskSip(TEXT.decode(sip)),
  };
  return message;
}

const printable = (text: string): string => copyOf(text.replace(/[^\x20-\x7e]/g, ''));
