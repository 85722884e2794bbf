import type { Agent } from '../bridge/agent.process.js';
import type { EventSocket } from '../live/call-search.net.js';
import { refuseOrphans } from '../live/orphans.net.js';
import { startCallSocket, type CallSocket } from '../call/call-socket.net.js';
import { handleInboundCall, type InboundCallPorts } from './inbound-call.net.js';
import { turnAway } from './turn-away.net.js';
import { endVerifications } from './verification-call.net.js';

const ORPHAN_MS = 6_000;

/** The inbound calls of this host, from FreeSWITCH's connection on. */
export class InboundCalls {
  private searching: NodeJS.Timeout | undefined;

  static async start({ config, logger }: Agent, ports: InboundCallPorts, orphanMs = ORPHAN_MS): Promise<InboundCalls> {
    const host = config.CALL_SOCKET_HOST;
    const socket = await startCallSocket({
      host,
      port: config.CALL_SOCKET_PORT,
      maxCalls: config.MAX_CALLS,
      logger,
      onCall: (connection) => handleInboundCall(connection, ports),
      onTurnedAway: turnAway,
    });
    return new InboundCalls({ host, socket, ports, orphanMs });
  }

  private constructor(
    private readonly parts: { host: string; socket: CallSocket; ports: InboundCallPorts; orphanMs: number },
  ) {}

  /** Where FreeSWITCH's dialplan connects to. */
  get address(): { host: string; port: number } {
    const { host, socket } = this.parts;
    return { host, port: socket.port };
  }

  /** The event socket connected: calls may wait that the previous process never took. */
  onUp(esl: EventSocket): void {
    clearTimeout(this.searching);
    this.searching = setTimeout(() => {
      this.refuseOrphans(esl);
    }, this.parts.orphanMs);
  }

  /** From now on new calls are rejected. */
  turnAway(): void {
    this.parts.socket.turnAway();
  }

  async stop(): Promise<void> {
    clearTimeout(this.searching);
    await endVerifications(this.parts.ports.verification);
    await this.parts.socket.stop();
  }

  /** Connecting takes milliseconds; a call that waits for seconds was orphaned by the previous process. */
  private refuseOrphans(esl: EventSocket): void {
    const { ports, orphanMs } = this.parts;
    const { conversations, live, verification, logger } = ports;
    const wanted = {
      callSocket: `${this.address.host}:${this.address.port}`,
      olderThan: new Date(Date.now() - orphanMs + 1_000),
      isHeld: (callId: string) => conversations.has(callId) || live.has(callId) || verification.talks.has(callId),
    };
    refuseOrphans(esl, wanted, logger).catch((error: unknown) => {
      logger.warn({ err: error }, 'cannot look for orphaned calls');
    });
  }
}
