import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { uuidv7 } from 'uuidv7';
import { createAudioEngine } from '../audio/audio-engine.net.js';
import type { EslEvent } from '../esl/esl-event.js';
import { CallRecorder } from '../call-record/call-records.fs.js';
import { publishCallEvents } from '../call-record/call-log.nats.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { BucketSettings } from '../recording/recording-bucket.http.js';
import { noRecordings } from '../recording/no-recordings.js';
import { StoredRecordings } from '../recording/recordings.fs.js';
import { endConversations } from './assistant-call.net.js';
import type { AssistantSettings } from '../route/assistant-settings.js';
import { serveCallControl } from '../control/call-control.nats.js';
import { startCallSocket } from './call-socket.net.js';
import { observeCalls } from '../live/call-metrics.otel.js';
import { drain } from './drain.process.js';
import { refuseOrphans } from '../live/orphans.net.js';
import { forgetIdle, freeChannel, occupyChannel, type CallLimits } from '../route/call-limits.js';
import type { Conversations } from '../control/conversation.js';
import { handleInboundCall, type CallPorts } from './inbound-call.net.js';
import { createInboundRouter } from '../route/inbound-router.nats.js';
import { LiveCalls, type EventSocket } from '../live/live-calls.net.js';
import { statusOfChange, type StatusChange } from '../customer/call-status.js';
import { StatusOutbox, type EndpointOf } from '../customer/status-outbox.http.js';
import { callTreatment } from '../route/call-treatment.js';
import { probeDialog } from './dialog-probe.net.js';
import { turnAway } from './turn-away.net.js';
import { endVerifications, type VerificationPorts } from './verification-call.net.js';
import { verificationGuard } from './verification-guard.js';
import { revealWith } from '../route/reveal.process.js';
import { LocalRoutes } from '../route/local-routes.nats.js';

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
  /** Opens the signing secrets that customers gave. */
  ring: KeyRing;
  /** Trunks whose gateway's host name resolves to the address. */
  resolvedTrunks: (address: string) => readonly string[];
  refused?: CallPorts['refused'];
  logger: Logger;
}

const NOBODY: CallPorts['refused'] = { handled: () => undefined, unowned: () => undefined };

export interface Calls {
  /** Where FreeSWITCH's dialplan connects to. */
  port: number;
  onUp(socket: EventSocket): void;
  onDown(): void;
  onEvent(event: EslEvent): void;
  live(): number;
  /** Of those: calls that nobody watches at this moment, after a restart or a broken connection. */
  outOfSight(): number;
  unconfirmedRecords(): number;
  readiness(): Record<'routes' | 'records' | 'recordings' | 'statuses', string> & { calls?: string };
  /** Turns new calls away and waits for those with an assistant to end, so long at most. */
  drain(withinMs: number): Promise<void>;
  /** Calls with an assistant are ended. */
  stop(): Promise<void>;
}

/** Everything about calls of this host, from FreeSWITCH's connection to the confirmed record. */
export async function startCalls(options: CallsOptions): Promise<Calls> {
  const { bridge, stateDir, link, logger, orphanMs = 6_000 } = options;
  const limits: CallLimits = new Map();
  const local = await LocalRoutes.start({ pool: bridge.pool, path: `${stateDir}/routes.jsonl`, link, logger });
  const counting = { live: () => 0, seen: () => 0 };
  const recorder = await CallRecorder.start({
    stateDir,
    bridgeId: bridge.id,
    link,
    publish: publishCallEvents(link),
    logger,
    newId: uuidv7,
    liveCalls: () => counting.seen(),
  });
  const held: { live?: LiveCalls } = {};
  const isLive = (callId: string): boolean =>
    held.live?.has(callId) ?? recorder.leftOpen.some(({ started }) => started.data.call_id === callId);
  const recordings = await StoredRecordings.start({
    ...options.recordings,
    publish: publishCallEvents(link),
    isLive,
    logger,
  }).catch((error: unknown) => {
    logger.error({ err: error }, 'calls cannot be recorded on this bridge; they go on without');
    const why = error instanceof Error ? error.message : String(error);
    return noRecordings(`this bridge cannot record: its folder for recordings cannot be used (${why})`);
  });
  const reveal = revealWith(options.ring, logger);
  const endpointOf: EndpointOf = (organizationId, numberId) => {
    const settings = local.customerSettingsOf(organizationId, numberId);
    if (settings === undefined) return 'not-known-yet';
    const { status } = callTreatment(settings, options.mesh);
    return status && { ...status, secret: status.secret && reveal(status.secret) };
  };
  const statuses = await StatusOutbox.start({ folder: `${stateDir}/statuses`, endpointOf, isLive, logger });
  const tell = async (change: StatusChange): Promise<void> => {
    const draft = statusOfChange(change);
    if (draft !== undefined) await statuses.tell(draft);
  };
  const live = (held.live = new LiveCalls({
    recorder,
    bridgeId: bridge.id,
    newId: uuidv7,
    logger,
    tell,
    onEnded: ({ data: { trunk_id: trunkId, call_id: callId } }) => {
      if (trunkId !== null) freeChannel(limits, trunkId);
      recordings.ended(callId);
    },
  }));
  Object.assign(counting, { live: live.count, seen: live.countSeen });
  for (const { started } of recorder.leftOpen)
    if (started.data.trunk_id !== null) occupyChannel(limits, started.data.trunk_id, Date.now());
  if (recorder.leftOpen.length > 0)
    logger.warn(
      { calls: recorder.leftOpen.length },
      'calls were left open by the life before; FreeSWITCH will be asked for them',
    );
  recorder.onRecovered((recovered) => {
    const { trunk_id: trunkId, call_id: callId } = (recovered.call?.started ?? recovered.final)!.data;
    logger.warn(
      { call_id: callId, ended: recovered.final !== undefined },
      'found a call that an earlier process could not note on its full disk',
    );
    if (recovered.final === undefined && trunkId !== null && !live.has(callId))
      occupyChannel(limits, trunkId, Date.now());
    live.recover(recovered);
  });
  observeCalls({ live: live.count, unconfirmed: recorder.unconfirmed });

  const engine = createAudioEngine({ ports: options.mesh.audioPorts, logger });
  const conversations: Conversations = new Map();
  const esl: { socket?: EventSocket | undefined } = {};
  const control = serveCallControl({
    bridgeId: bridge.id,
    link,
    conversations,
    live,
    eventSocket: () => esl.socket,
    logger,
    transferDeadlineMs: options.transferDeadlineMs,
  });
  const verification: VerificationPorts = {
    bridge,
    link,
    logger,
    guard: verificationGuard(),
    talks: new Map(),
    probe: probeDialog,
    ...(options.acknowledgedWithinMs === undefined ? {} : { acknowledgedWithinMs: options.acknowledgedWithinMs }),
  };
  const ports: CallPorts = {
    verification,
    bridge,
    limits,
    live,
    recorder,
    local,
    logger,
    tell,
    conversations,
    mesh: options.mesh,
    resolvedTrunks: options.resolvedTrunks,
    newId: uuidv7,
    refused: options.refused ?? NOBODY,
    decide: createInboundRouter({ link, local, logger }),
    assistant: { engine, recordings, reveal },
  };
  const socket = await startCallSocket({
    ...options.callSocket,
    maxCalls: options.maxCalls,
    logger,
    onCall: (connection) => handleInboundCall(connection, ports),
    onTurnedAway: turnAway,
  });
  const talking = (): number => [...conversations.values()].filter((conversation) => conversation.talking).length;
  const isHeld = (callId: string): boolean =>
    conversations.has(callId) || live.has(callId) || verification.talks.has(callId);
  let draining = false;
  /** A connection takes milliseconds; whoever waits for seconds was forgotten, by this agent's life before. */
  let searching: NodeJS.Timeout | undefined;
  const search = (up: EventSocket): void => {
    const wanted = {
      callSocket: `${options.callSocket.host}:${socket.port}`,
      olderThan: new Date(Date.now() - orphanMs + 1_000),
      isHeld,
    };
    refuseOrphans(up, wanted, logger).catch((error: unknown) => {
      logger.warn({ err: error }, 'calls that nobody drives could not be looked for');
    });
  };
  const tidying = setInterval(() => {
    forgetIdle(limits, Date.now());
  }, 60_000);
  return {
    port: socket.port,
    onUp: (up) => {
      esl.socket = up;
      live.onUp(up);
      clearTimeout(searching);
      searching = setTimeout(() => {
        search(up);
      }, orphanMs);
    },
    onDown: live.onDown,
    onEvent: live.onEvent,
    live: live.count,
    unconfirmedRecords: recorder.unconfirmed,
    readiness: () => ({
      ...(draining ? { calls: `about to stop: ${talking()} go on` } : {}),
      routes: local.readiness(),
      records: recorder.trouble() ?? 'up',
      recordings: recordings.trouble() ?? 'up',
      statuses: statuses.trouble() ?? 'up',
    }),
    outOfSight: () => live.count() - live.countSeen(),
    drain: (withinMs) => {
      draining = true;
      socket.turnAway();
      return drain(withinMs, { left: talking, logger });
    },
    stop: async () => {
      clearInterval(tidying);
      clearTimeout(searching);
      control.stop();
      await endVerifications(verification);
      await endConversations(conversations);
      await socket.stop();
      engine.stop();
      live.stop();
      await recordings.stop();
      await statuses.stop();
      await recorder.stop();
      await local.stop();
    },
  };
}
