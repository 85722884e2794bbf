import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { uuidv7 } from 'uuidv7';
import { createAudioEngine } from '../audio/audio-engine.net.js';
import { publishCallEvents } from '../call-record/call-log.nats.js';
import { CallRecords } from '../call-record/call-records.fs.js';
import type { Conversations } from '../control/conversation.js';
import { statusOfChange, type StatusChange } from '../customer/call-status.js';
import { StatusOutbox, type EndpointOf } from '../customer/status-outbox.http.js';
import { CallsGoingOn } from '../live/calls-going-on.js';
import { LiveCalls } from '../live/live-calls.net.js';
import { noRecordings } from '../recording/no-recordings.js';
import type { BucketSettings } from '../recording/recording-bucket.http.js';
import { StoredRecordings, type Recordings } from '../recording/recordings.fs.js';
import type { AssistantSettings } from '../route/assistant-settings.js';
import { freeChannel, occupyChannel, type CallLimits } from '../route/call-limits.js';
import { callTreatment } from '../route/call-treatment.js';
import { LocalRoutes } from '../route/local-routes.nats.js';
import { revealWith } from '../route/reveal.process.js';
import { probeDialog } from './dialog-probe.net.js';
import type { CallPorts } from './inbound-call.net.js';
import type { VerificationPorts } from './verification-call.net.js';
import { verificationGuard } from './verification-guard.js';

export interface CallsOptions {
  bridge: { id: string; pool: string };
  stateDir: string;
  callSocket: { host: string; port: number };
  /** Concurrent calls of this host. */
  maxCalls: number;
  link: NatsLink;
  /** What holds for calls whose organisation and number set nothing else. */
  mesh: AssistantSettings;
  recordings: { folder: string; bucket: BucketSettings | undefined };
  /** How long a call may wait for an agent that never takes it, before it is looked for; default 6 s. */
  orphanMs?: number;
  /** How long a transfer may take; default 30 s. */
  transferDeadlineMs?: number;
  /** How long a call may wait for its ACK and prove something; default 40 s. */
  acknowledgedWithinMs?: number;
  /** Decrypts the customers' signing secrets. */
  ring: KeyRing;
  /** Trunks whose gateway's host name resolves to the address. */
  resolvedTrunks: (address: string) => readonly string[];
  refused?: CallPorts['refused'];
  logger: Logger;
}

/** The parts that the calls of this host share. */
export interface CallsParts {
  local: LocalRoutes;
  callRecords: CallRecords;
  recordings: Recordings;
  statuses: StatusOutbox;
  live: LiveCalls;
  limits: CallLimits;
  engine: ReturnType<typeof createAudioEngine>;
  conversations: Conversations;
  verification: VerificationPorts;
  reveal: ReturnType<typeof revealWith>;
  tell: (change: StatusChange) => Promise<void>;
}

export async function openParts(options: CallsOptions): Promise<CallsParts> {
  const { bridge, stateDir, link, logger } = options;
  const limits: CallLimits = new Map();
  const going = new CallsGoingOn();
  const local = await LocalRoutes.start({ pool: bridge.pool, path: `${stateDir}/routes.jsonl`, link, logger });
  const callRecords = await CallRecords.start({
    stateDir,
    bridgeId: bridge.id,
    link,
    publish: publishCallEvents(link),
    logger,
    newId: uuidv7,
    liveCalls: () => going.countSeen(),
  });
  going.leftOpen(callRecords.leftOpen);
  const isLive = (callId: string): boolean => going.has(callId);
  const recordings = await openRecordings(options, isLive);
  const reveal = revealWith(options.ring, logger);
  const endpointOf = endpoints(options, local, reveal);
  const statuses = await StatusOutbox.start({ folder: `${stateDir}/statuses`, endpointOf, isLive, logger });
  const tell = async (change: StatusChange): Promise<void> => {
    const draft = statusOfChange(change);
    if (draft !== undefined) await statuses.tell(draft);
  };
  const live = new LiveCalls({
    callRecords,
    bridgeId: bridge.id,
    newId: uuidv7,
    logger,
    tell,
    onEnded: ({ data: { trunk_id: trunkId, call_id: callId } }) => {
      if (trunkId !== null) freeChannel(limits, trunkId);
      recordings.ended(callId);
    },
  });
  going.watchedBy(live);
  takeOver(callRecords, { live, limits, logger });
  const engine = createAudioEngine({ ports: options.mesh.audioPorts, logger });
  const verification = verificationPorts(options);
  const conversations: Conversations = new Map();
  return { local, callRecords, recordings, statuses, live, limits, engine, conversations, verification, reveal, tell };
}

/** Calls of an earlier process: they occupy their trunks' channels until they end. */
function takeOver(
  callRecords: CallRecords,
  { live, limits, logger }: { live: LiveCalls; limits: CallLimits; logger: Logger },
): void {
  for (const { started } of callRecords.leftOpen)
    if (started.data.trunk_id !== null) occupyChannel(limits, started.data.trunk_id, Date.now());
  if (callRecords.leftOpen.length > 0)
    logger.warn(
      { calls: callRecords.leftOpen.length },
      'found calls left open by the previous process; checking them with FreeSWITCH',
    );
  callRecords.onRecovered((recovered) => {
    const { trunk_id: trunkId, call_id: callId } = (recovered.call?.started ?? recovered.final)!.data;
    logger.warn(
      { call_id: callId, ended: recovered.final !== undefined },
      'recovered a call that the previous process could not write to its full disk',
    );
    if (recovered.final === undefined && trunkId !== null && !live.has(callId))
      occupyChannel(limits, trunkId, Date.now());
    live.recover(recovered);
  });
}

async function openRecordings(options: CallsOptions, isLive: (callId: string) => boolean): Promise<Recordings> {
  const { link, logger } = options;
  try {
    return await StoredRecordings.start({ ...options.recordings, publish: publishCallEvents(link), isLive, logger });
  } catch (error) {
    logger.error({ err: error }, 'cannot record calls on this bridge; calls continue without a recording');
    const why = error instanceof Error ? error.message : String(error);
    return noRecordings(`this bridge cannot record: its folder for recordings cannot be used (${why})`);
  }
}

/** Where a call's statuses go: the number's or organisation's URL, or else the operator's. */
function endpoints(options: CallsOptions, local: LocalRoutes, reveal: CallsParts['reveal']): EndpointOf {
  return (organizationId, numberId) => {
    const settings = local.customerSettingsOf(organizationId, numberId);
    if (settings === undefined) return 'not-known-yet';
    const { status } = callTreatment(settings, options.mesh);
    return status && { ...status, secret: status.secret && reveal(status.secret) };
  };
}

function verificationPorts({ bridge, link, logger, acknowledgedWithinMs }: CallsOptions): VerificationPorts {
  return {
    bridge,
    link,
    logger,
    guard: verificationGuard(),
    talks: new Map(),
    probe: probeDialog,
    ...(acknowledgedWithinMs === undefined ? {} : { acknowledgedWithinMs }),
  };
}
