import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
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

export interface StreamOptions {
  /** Copies of every message in a cluster: 1, 3 or 5. */
  replicas?: number;
  /** Publishes with the same id within this time are one. Exactly once does not depend on it (relay.nats.ts). */
  duplicateWindowMs?: number;
}

/** A stream of the name is there with a setting that JetStream cannot change. */
export class StreamSettingsError extends Error {
  override readonly name = 'StreamSettingsError';
}

const DAY_NS = 86_400 * 1e9;
const EXPECTED_CALLS_AGE_NS = 1_800 * 1e9;
const REFUSED_BYTES = 256 * 1_024 * 1_024;
const SIP_DAYS = 7;
/** Some 200,000 calls; the oldest make room. */
const SIP_BYTES = 2_048 * 1_024 * 1_024;
const STREAM_NAME_IN_USE = 10058;

type Settings = Partial<StreamConfig> & Pick<StreamConfig, 'name' | 'subjects'>;

/**
 * Creates what is not there and updates what differs: the streams and the KV buckets. Safe to run in several processes
 * at once, and again.
 */
export async function ensureStreams(nc: NatsConnection, options: StreamOptions = {}): Promise<void> {
  const manager = await jetstreamManager(nc, { checkAPI: false });
  for (const settings of allSettings(options)) await ensure(manager, settings);
}

/** Creates what is not there, and leaves what is: it may have been changed by hand since the start. */
export async function createMissingStreams(nc: NatsConnection, options: StreamOptions = {}): Promise<void> {
  const manager = await jetstreamManager(nc, { checkAPI: false });
  for (const settings of allSettings(options)) {
    if ((await configOf(manager, settings.name)) === undefined) await create(manager, settings);
  }
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
    { ...stream(SIP_STREAM, options), max_age: SIP_DAYS * DAY_NS, max_bytes: SIP_BYTES },
    callRequestSettings(options),
    // A bridge that sends no heartbeat any more is not there any more. Readers judge by the heartbeat's time: the
    // bucket says nothing when an entry runs out.
    { ...bucket(BRIDGES_BUCKET, options), max_age: 30 * 1e9 },
    bucket(GATEWAYS_BUCKET, options),
    { ...bucket(SIP_TRUNKS_BUCKET, options), max_age: SIP_DAYS * DAY_NS },
    bucket(USAGE_BUCKET, options),
    bucket(HELD_CALLS_BUCKET, options),
    bucket(BRIDGE_OWNERS_BUCKET, options),
    // Minutes; a little longer, so that what arrived can be read afterwards.
    { ...bucket(EXPECTED_CALLS_BUCKET, options), max_age: EXPECTED_CALLS_AGE_NS },
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

async function ensure(manager: JetStreamManager, wanted: Settings): Promise<void> {
  const found = (await configOf(manager, wanted.name)) ?? (await create(manager, wanted));
  if (found === 'created' || !differs(found, wanted)) return;
  try {
    await manager.streams.update(wanted.name, { ...found, ...wanted });
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    throw new StreamSettingsError(
      `the stream ${wanted.name} is there with other settings, which cannot be changed: ${error.message}. Back ` +
        'it up, delete it and start again.',
      { cause: error },
    );
  }
}

async function create(manager: JetStreamManager, wanted: Settings): Promise<'created' | StreamConfig> {
  try {
    await manager.streams.add(wanted);
    return 'created';
  } catch (error) {
    // Another process made it in between, as another version of us would.
    const raced =
      error instanceof JetStreamApiError && error.code === STREAM_NAME_IN_USE
        ? await configOf(manager, wanted.name)
        : undefined;
    if (raced) return raced;
    throw error;
  }
}

async function configOf(manager: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config;
  } catch (error) {
    if (isStreamNotFound(error)) return undefined;
    throw error;
  }
}

export const isStreamNotFound = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;

/** Only what we set counts; a newer server has settings that we do not know. A server leaves out what is false. */
function differs(found: StreamConfig, wanted: Settings): boolean {
  return Object.entries(wanted).some(([name, value]) => {
    const current = found[name as keyof StreamConfig] ?? false;
    return JSON.stringify(current) !== JSON.stringify(value);
  });
}
