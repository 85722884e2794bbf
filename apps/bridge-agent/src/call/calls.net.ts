import { uuidv7 } from 'uuidv7';
import type { CallControlPorts } from '../control/call-control.controller.js';
import type { EslEvent } from '../esl/esl-event.js';
import { observeCalls } from '../live/call-metrics.otel.js';
import type { EventSocket } from '../live/live-calls.net.js';
import { refuseOrphans } from '../live/orphans.net.js';
import { forgetIdle } from '../route/call-limits.js';
import { createInboundRouter } from '../route/inbound-router.nats.js';
import { endConversations } from './assistant-call.net.js';
import { startCallSocket } from './call-socket.net.js';
import { openParts, type CallsOptions, type CallsParts } from './calls-parts.net.js';
import { drain } from './drain.process.js';
import { handleInboundCall, type CallPorts } from './inbound-call.net.js';
import { turnAway } from './turn-away.net.js';
import { endVerifications } from './verification-call.net.js';

export type { CallsOptions } from './calls-parts.net.js';

type CallSocket = Awaited<ReturnType<typeof startCallSocket>>;

const NOBODY: CallPorts['refused'] = { handled: () => undefined, unowned: () => undefined };
const TIDY_MS = 60_000;

/** Everything about calls of this host, from FreeSWITCH's connection to the confirmed record. */
export class Calls {
  /** For requests about these calls. */
  readonly control: CallControlPorts;
  private readonly tidying: NodeJS.Timeout;
  private esl: EventSocket | undefined;
  private searching: NodeJS.Timeout | undefined;
  private draining = false;

  static async start(options: CallsOptions): Promise<Calls> {
    const parts = await openParts(options);
    const ports = portsOf(options, parts);
    const socket = await startCallSocket({
      ...options.callSocket,
      maxCalls: options.maxCalls,
      logger: options.logger,
      onCall: (connection) => handleInboundCall(connection, ports),
      onTurnedAway: turnAway,
    });
    return new Calls(options, parts, socket);
  }

  private constructor(
    private readonly options: CallsOptions,
    private readonly parts: CallsParts,
    private readonly socket: CallSocket,
  ) {
    const { live, callRecords, conversations, limits } = parts;
    const { logger, transferDeadlineMs } = options;
    observeCalls({ live: () => live.count(), unconfirmed: () => callRecords.unconfirmed() });
    this.control = { conversations, live, eventSocket: () => this.esl, logger, transferDeadlineMs };
    this.tidying = setInterval(() => {
      forgetIdle(limits, Date.now());
    }, TIDY_MS);
  }

  /** The address that FreeSWITCH's dialplan connects to. */
  get port(): number {
    return this.socket.port;
  }

  onUp(socket: EventSocket): void {
    this.esl = socket;
    this.parts.live.onUp(socket);
    clearTimeout(this.searching);
    this.searching = setTimeout(() => {
      this.search(socket);
    }, this.orphanMs);
  }

  onDown(): void {
    this.parts.live.onDown();
  }

  onEvent(event: EslEvent): void {
    this.parts.live.onEvent(event);
  }

  live(): number {
    return this.parts.live.count();
  }

  /** Of those, calls that are not observed now, after a restart or a broken connection. */
  outOfSight(): number {
    return this.parts.live.count() - this.parts.live.countSeen();
  }

  unconfirmedRecords(): number {
    return this.parts.callRecords.unconfirmed();
  }

  readiness(): Record<'routes' | 'records' | 'recordings' | 'statuses', string> & { calls?: string } {
    const { local, callRecords, recordings, statuses } = this.parts;
    return {
      ...(this.draining ? { calls: `about to stop: ${this.talking()} go on` } : {}),
      routes: local.readiness(),
      records: callRecords.trouble() ?? 'up',
      recordings: recordings.trouble() ?? 'up',
      statuses: statuses.trouble() ?? 'up',
    };
  }

  /** Rejects new calls and waits at most this long for calls with an assistant to end. */
  drain(withinMs: number): Promise<void> {
    this.draining = true;
    this.socket.turnAway();
    return drain(withinMs, { left: () => this.talking(), logger: this.options.logger });
  }

  /** Calls with an assistant are ended. */
  async stop(): Promise<void> {
    const { verification, conversations, engine, live, recordings, statuses, callRecords, local } = this.parts;
    clearInterval(this.tidying);
    clearTimeout(this.searching);
    await endVerifications(verification);
    await endConversations(conversations);
    await this.socket.stop();
    engine.stop();
    live.stop();
    await recordings.stop();
    await statuses.stop();
    await callRecords.stop();
    await local.stop();
  }

  private get orphanMs(): number {
    return this.options.orphanMs ?? 6_000;
  }

  private talking(): number {
    return [...this.parts.conversations.values()].filter((conversation) => conversation.talking).length;
  }

  /** Connecting takes milliseconds; a call that waits for seconds was orphaned by the previous process. */
  private search(socket: EventSocket): void {
    const { conversations, live, verification } = this.parts;
    const { callSocket, logger } = this.options;
    const wanted = {
      callSocket: `${callSocket.host}:${this.port}`,
      olderThan: new Date(Date.now() - this.orphanMs + 1_000),
      isHeld: (callId: string) => conversations.has(callId) || live.has(callId) || verification.talks.has(callId),
    };
    refuseOrphans(socket, wanted, logger).catch((error: unknown) => {
      logger.warn({ err: error }, 'cannot look for orphaned calls');
    });
  }
}

function portsOf(options: CallsOptions, parts: CallsParts): CallPorts {
  const { bridge, link, logger, mesh, resolvedTrunks, refused = NOBODY } = options;
  const { verification, limits, live, callRecords, local, tell, conversations, engine, recordings, reveal } = parts;
  return {
    ...{ verification, bridge, limits, live, callRecords, local, logger, tell, conversations, mesh, resolvedTrunks },
    newId: uuidv7,
    refused,
    decide: createInboundRouter({ link, local, logger }),
    assistant: { engine, recordings, reveal },
  };
}
