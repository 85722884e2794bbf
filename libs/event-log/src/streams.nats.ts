import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  ALERTS_STREAM,
  BRIDGE_OWNERS_BUCKET,
  BRIDGES_BUCKET,
  CALL_REQUESTS_STREAM,
  CALLS_STREAM,
  EXPECTED_CALLS_BUCKET,
  GATEWAYS_BUCKET,
  GATEWAYS_STREAM,
  HELD_CALLS_BUCKET,
  REFUSED_STREAM,
  SIP_STREAM,
  SIP_TRUNKS_BUCKET,
  STREAM_SUBJECTS,
  TRUNKMESH_STREAM,
  USAGE_BUCKET,
} from '@trunkmesh/contracts/subjects.js';
import { configOf, create, ensure, StreamSettingsError, type Settings } from './ensure-stream.nats.js';

export interface StreamOptions {
  /** Copies of every message in a cluster: 1, 3 or 5. */
  replicas?: number;
  /** Publishes with the same id within this time are one. Exactly once does not depend on it (relay.nats.ts). */
  duplicateWindowMs?: number;
  /** How long and how much of SIP messages is kept. Without it, what is there stays as it is. */
  sip?: SipRetention;
}
export interface SipRetention {
  days: number;
  bytes: number;
  /** The server's store has room for so much less. Called at each start. */
  onSmaller?: (bytes: number) => void;
}

const DAY_NS = 86_400 * 1e9;
const EXPECTED_CALLS_AGE_NS = 1_800 * 1e9;
const REFUSED_BYTES = 256 * 1_024 * 1_024;
const SIP_DAYS = 7;
/** Some 200,000 calls; the oldest make room. */
const SIP_BYTES = 2_048 * 1_024 * 1_024;
/** Less is no use. */
const LEAST_SIP_BYTES = 16 * 1_024 * 1_024;
/** "insufficient storage resources available" */
const NO_STORAGE = 10047;

/**
 * Creates what is not there and updates what differs: the streams and the KV buckets. Safe to run in several processes
 * at once, and again.
 */
export async function ensureStreams(nc: NatsConnection, options: StreamOptions = {}): Promise<void> {
  const manager = await jetstreamManager(nc, { checkAPI: false });
  for (const settings of allSettings(options)) await ensure(manager, settings);
  await (options.sip === undefined ? createMissingSip(manager, options) : ensureSip(manager, options, options.sip));
}

/** Creates what is not there, and leaves what is: it may have been changed by hand since the start. */
export async function createMissingStreams(nc: NatsConnection, options: StreamOptions = {}): Promise<void> {
  const manager = await jetstreamManager(nc, { checkAPI: false });
  for (const settings of allSettings(options)) {
    if ((await configOf(manager, settings.name)) === undefined) await create(manager, settings);
  }
  await createMissingSip(manager, options);
}

async function createMissingSip(manager: JetStreamManager, options: StreamOptions): Promise<void> {
  for (const settings of sipSettings(options))
    if ((await configOf(manager, settings.name)) === undefined)
      await ensureSmaller(manager, settings, options.sip?.onSmaller);
}

async function ensureSip(manager: JetStreamManager, options: StreamOptions, sip: SipRetention): Promise<void> {
  for (const settings of sipSettings(options)) await ensureSmaller(manager, settings, sip.onSmaller);
}

/** Where the server's store has no room for it, with half of it, and so on: calls matter more than their messages. */
async function ensureSmaller(
  manager: JetStreamManager,
  wanted: Settings,
  onSmaller: SipRetention['onSmaller'],
): Promise<void> {
  for (let bytes = wanted.max_bytes ?? -1; ; bytes = Math.floor(bytes / 2)) {
    try {
      await ensure(manager, { ...wanted, max_bytes: bytes });
      if (bytes !== wanted.max_bytes) onSmaller?.(bytes);
      return;
    } catch (error) {
      if (!isNoStorage(error) || bytes / 2 < LEAST_SIP_BYTES) throw error;
    }
  }
}

/** Of a new stream, or of one that is to become larger. */
function isNoStorage(error: unknown): boolean {
  const cause = error instanceof StreamSettingsError ? error.cause : error;
  return cause instanceof JetStreamApiError && cause.code === NO_STORAGE;
}

/** Only the stream of entities: the relay recreates it when it was lost. */
export async function ensureEntityStream(nc: NatsConnection, options: StreamOptions = {}): Promise<void> {
  await ensure(await jetstreamManager(nc, { checkAPI: false }), entitySettings(options));
}

function allSettings(options: StreamOptions): Settings[] {
  return [
    entitySettings(options),
    { ...stream(CALLS_STREAM, options), max_age: 30 * DAY_NS },
    { ...stream(GATEWAYS_STREAM, options), max_age: 90 * DAY_NS, max_msgs_per_subject: 100 },
    // Both bounds hold: readers are seconds behind, and a flood pushes out what was read long ago.
    { ...stream(REFUSED_STREAM, options), max_age: 7 * DAY_NS, max_bytes: REFUSED_BYTES },
    { ...stream(ALERTS_STREAM, options), max_age: 90 * DAY_NS, max_bytes: REFUSED_BYTES },
    callRequestSettings(options),
    // A bridge that sends no heartbeat any more is not there any more. Readers judge by the heartbeat's time: the
    // bucket says nothing when an entry runs out.
    { ...bucket(BRIDGES_BUCKET, options), max_age: 30 * 1e9 },
    bucket(GATEWAYS_BUCKET, options),
    bucket(USAGE_BUCKET, options),
    bucket(HELD_CALLS_BUCKET, options),
    bucket(BRIDGE_OWNERS_BUCKET, options),
    // Minutes; a little longer, so that what arrived can be read afterwards.
    { ...bucket(EXPECTED_CALLS_BUCKET, options), max_age: EXPECTED_CALLS_AGE_NS },
  ];
}

/** Made last: they take what the store has left. */
function sipSettings(options: StreamOptions): Settings[] {
  const { days, bytes } = options.sip ?? { days: SIP_DAYS, bytes: SIP_BYTES };
  return [
    { ...bucket(SIP_TRUNKS_BUCKET, options), max_age: days * DAY_NS },
    { ...stream(SIP_STREAM, options), max_age: days * DAY_NS, max_bytes: bytes },
  ];
}

/**
 * Keeps everything permanently: no limit, no deletion, no purge. On a full disk it rejects new events, which stay in
 * the event store. `refill --replace` deletes the whole stream.
 */
function entitySettings(options: StreamOptions): Settings {
  return { ...stream(TRUNKMESH_STREAM, options), discard: DiscardPolicy.New, deny_delete: true, deny_purge: true };
}

/** What is taken is gone. A full stream refuses the publisher, and pushes out no call that is wanted. */
function callRequestSettings(options: StreamOptions): Settings {
  return {
    ...stream(CALL_REQUESTS_STREAM, options),
    retention: RetentionPolicy.Workqueue,
    discard: DiscardPolicy.New,
    max_age: 7 * DAY_NS,
    max_bytes: REFUSED_BYTES,
  };
}

function stream(
  name: keyof typeof STREAM_SUBJECTS,
  { replicas = 1, duplicateWindowMs = 120_000 }: StreamOptions,
): Settings {
  return {
    name,
    subjects: [...STREAM_SUBJECTS[name]],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_age: 0,
    max_msgs: -1,
    max_bytes: -1,
    max_msg_size: -1,
    max_msgs_per_subject: -1,
    num_replicas: replicas,
    duplicate_window: duplicateWindowMs * 1e6,
    allow_direct: true,
    allow_rollup_hdrs: false,
  };
}

/** A stream as the KV clients of NATS expect it (ADR-8). */
function bucket(name: string, { replicas = 1 }: StreamOptions): Settings {
  return {
    name: `KV_${name}`,
    subjects: [`$KV.${name}.>`],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_age: 0,
    max_msgs: -1,
    max_bytes: -1,
    max_msg_size: -1,
    max_msgs_per_subject: 1,
    num_replicas: replicas,
    // Not longer than max_age, which the server refuses.
    duplicate_window: 30 * 1e9,
    allow_direct: true,
    allow_rollup_hdrs: true,
    deny_delete: true,
  };
}
