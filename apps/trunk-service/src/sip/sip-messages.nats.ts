import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { nanos } from '@nats-io/nats-core';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import {
  sipMessagesCaptured,
  trunkExchange,
  type SipMessage,
  type SipMessagesCaptured,
} from '@trunkmesh/contracts/sip-message.js';
import { gatewaysOfTrunk, SIP_STREAM, SIP_TRUNKS_BUCKET, sipSubject } from '@trunkmesh/contracts/subjects.js';
import { openBucket } from '@trunkmesh/event-log/bucket.nats.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { connectionOf } from '../nats/connection.nats.js';
import type { TrunkSip } from './sip-view.js';

const WAIT_MS = 2_000;
const LEFT_MS = 10_000;
const MAX_PARTS = 500;

export interface CallMessages {
  messages: SipMessage[];
  leftOut: number;
}

/**
 * The SIP messages of one call. Their subject names the organisation, so nobody else's can be among them.
 *
 * @throws DomainError log-unavailable
 */
export async function callMessages(
  nats: NatsLink,
  { organization_id, call_id }: { organization_id: string; call_id: string },
): Promise<CallMessages> {
  const nc = connectionOf(nats);
  const parts = await partsOf(nc, sipSubject(organization_id, call_id)).catch(unavailable);
  const messages = parts.flatMap(({ data }) => data.messages);
  return {
    messages: messages.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)),
    leftOut: Math.max(0, ...parts.map(({ data }) => data.left_out)),
  };
}

async function partsOf(nc: NatsConnection, subject: string): Promise<SipMessagesCaptured[]> {
  const manager = await jetstreamManager(nc, { checkAPI: false, timeout: WAIT_MS });
  const { name, num_pending } = await manager.consumers.add(SIP_STREAM, {
    deliver_policy: DeliverPolicy.All,
    filter_subject: subject,
    ack_policy: AckPolicy.None,
    mem_storage: true,
    inactive_threshold: nanos(LEFT_MS),
  });
  try {
    if (num_pending === 0) return [];
    const consumer = await jetstream(nc).consumers.get(SIP_STREAM, name);
    const parts: SipMessagesCaptured[] = [];
    const most = { max_messages: Math.min(num_pending, MAX_PARTS), expires: WAIT_MS };
    for await (const message of await consumer.fetch(most)) parts.push(...partOf(message));
    return parts;
  } finally {
    await manager.consumers.delete(SIP_STREAM, name).catch(() => undefined);
  }
}

/** What another version of an agent wrote is left out. */
function partOf(message: JsMsg): SipMessagesCaptured[] {
  try {
    return [sipMessagesCaptured.parse(message.json())];
  } catch {
    return [];
  }
}

/** @throws DomainError log-unavailable */
export async function trunkMessages(
  nats: NatsLink,
  { organization_id, id }: { organization_id: string; id: string },
  logger: Logger,
): Promise<TrunkSip> {
  const bucket = openBucket(connectionOf(nats), { name: SIP_TRUNKS_BUCKET, schema: trunkExchange, logger });
  const signal = AbortSignal.timeout(WAIT_MS);
  const found = await bucket.list(gatewaysOfTrunk(organization_id, id), signal).catch(unavailable);
  const bridges = [...found.values()].map(({ bridge_id, updated_at, messages }) => ({
    bridge_id,
    updated_at,
    messages,
  }));
  return { bridges: bridges.sort((a, b) => (a.bridge_id < b.bridge_id ? -1 : 1)) };
}

function unavailable(): never {
  throw new DomainError('log-unavailable', 'JetStream does not answer. Nothing was changed; retry in a few seconds.');
}
