import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { BridgeHeartbeat } from '@trunkmesh/contracts/bridge.js';
import { parseKeyRing } from '@trunkmesh/runtime/key-ring.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import { startHeartbeat } from './bridge/heartbeat.nats.js';
import { BridgeTaken } from './bridge/ownership.js';
import { claimBridge } from './bridge/ownership.nats.js';
import { lockStateDir, type StateLock } from './bridge/state-lock.net.js';
import { uuidv7 } from 'uuidv7';
import { Calls } from './call/calls.net.js';
import type { CallControlPorts } from './control/call-control.controller.js';
import { assistantSettings, recordingSettings, type Config } from './config.js';
import { startEslClient, type EslClient } from './esl/esl-client.net.js';
import { GATEWAY_EVENTS, GATEWAY_LOG_LEVEL, Gateways } from './gateway/gateways.net.js';
import { createHandledCalls } from './refused/handled-calls.js';
import { RefusedCalls } from './refused/refused-calls.net.js';
import { BypassingCalls, REPLACED_EVENTS } from './live/bypassing-calls.net.js';
import { createNatsLink, type NatsLink } from '@trunkmesh/runtime/link.nats.js';

/** How long a start waits for NATS before it continues without it. */
const CONNECTED_MS = 500;
/** How long it waits for the claim, which takes milliseconds if no process holds the bridge. */
const CLAIMED_MS = 6_000;

/** The version of this package. */
export const AGENT_VERSION = Symbol('AGENT_VERSION');

/**
 * One host's agent: its trunks and its calls. It starts without NATS and without FreeSWITCH, and connects to each when
 * it is available.
 */
@Injectable()
export class BridgeAgent implements OnModuleInit, OnApplicationShutdown {
  private readonly instanceId = uuidv7();
  private lock!: StateLock;
  private isUp = false;
  private readonly startedAt = new Date().toISOString();
  private nats!: Promise<NatsConnection>;
  private link!: NatsLink;
  private esl!: EslClient;
  private gateways!: Gateways;
  private calls!: Calls;
  private refused!: RefusedCalls;
  private heart!: ReturnType<typeof startHeartbeat>;
  private readonly bypassing: BypassingCalls;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(AGENT_VERSION) private readonly version: string,
  ) {
    this.bypassing = new BypassingCalls(() => this.esl, logger);
  }

  async onModuleInit(): Promise<void> {
    const { config, logger } = this;
    const bridge = { id: config.BRIDGE_ID, pool: config.BRIDGE_POOL };
    const ring = parseKeyRing(config.SECRET_KEYS);
    this.lock = await lockStateDir(config.STATE_DIR, logger);
    this.nats = connectNats(config.NATS_URL, { name: `bridge-agent/${bridge.id}`, logger });
    await this.claim();
    const handled = createHandledCalls();
    this.refused = await RefusedCalls.start({
      bridgeId: bridge.id,
      profile: config.SOFIA_PROFILE,
      capturePort: config.CAPTURE_PORT,
      handled: handled.has,
      onReplaced: () => this.bypassing.suspect(),
      link: this.link,
      logger,
    });
    this.calls = await Calls.start({
      refused: { handled: handled.add, unowned: (invite) => this.refused.note(invite) },
      bridge,
      stateDir: config.STATE_DIR,
      callSocket: { host: config.CALL_SOCKET_HOST, port: config.CALL_SOCKET_PORT },
      maxCalls: config.MAX_CALLS,
      link: this.link,
      logger,
      mesh: assistantSettings(config),
      recordings: recordingSettings(config),
      ring,
      resolvedTrunks: (address) => this.gateways?.trunksByAddress(address) ?? [],
    });
    this.esl = this.eventSocket();
    this.gateways = await Gateways.start({
      bridge,
      profile: config.SOFIA_PROFILE,
      confDir: config.CONF_DIR,
      stateDir: config.STATE_DIR,
      callSocket: { host: config.CALL_SOCKET_HOST, port: this.calls.port },
      ring,
      allowPrivateGateways: config.ALLOW_PRIVATE_GATEWAYS,
      link: this.link,
      esl: this.esl,
      logger,
    });
    // FreeSWITCH may have connected while the trunks were being read.
    if (this.esl.connected) this.gateways.onUp();
    this.heart = startHeartbeat({ link: this.link, bridgeId: bridge.id, logger, collect: () => this.heartbeat() });
  }

  /**
   * While NATS is unreachable the agent starts without a claim on its bridge. It publishes nothing until it has the
   * claim: another process may use the same BRIDGE_ID.
   */
  private async claim(): Promise<void> {
    const { config, logger, instanceId } = this;
    const taken = (error: BridgeTaken): void => {
      if (this.isUp) this.onTaken(error);
    };
    const claimed = this.nats.then(async (nc) => {
      await claimBridge(nc, {
        bridgeId: config.BRIDGE_ID,
        instanceId,
        statePath: this.lock.path,
        onTaken: taken,
        logger,
      });
      return nc;
    });
    claimed.catch((error: unknown) => {
      if (error instanceof BridgeTaken) taken(error);
    });
    this.link = createNatsLink(claimed);
    const connected = await Promise.race([this.nats.then(() => true), sleep(CONNECTED_MS, false, { ref: false })]);
    if (connected) await Promise.race([claimed, sleep(CLAIMED_MS, undefined, { ref: false })]);
    this.isUp = true;
  }

  /** Another process holds the bridge: this process ends, and its log shows why. */
  private onTaken(error: BridgeTaken): void {
    this.logger.fatal({ reason: error.message }, 'stepping down');
    setImmediate(() => {
      throw error;
    });
  }

  private eventSocket(): EslClient {
    const { config, logger } = this;
    return startEslClient({
      host: config.ESL_HOST,
      port: config.ESL_PORT,
      password: config.ESL_PASSWORD,
      events: [...GATEWAY_EVENTS, ...REPLACED_EVENTS],
      logLevel: GATEWAY_LOG_LEVEL,
      logger,
      onEvent: (event) => {
        this.gateways?.onEvent(event);
        this.calls.onEvent(event);
        if (event.subclass !== null && REPLACED_EVENTS.includes(event.subclass)) this.bypassing.suspect();
      },
      onLog: (line) => this.gateways?.onLog(line),
      onUp: () => {
        this.gateways?.onUp();
        this.calls.onUp(this.esl);
        this.refused.onUp(this.esl);
        this.bypassing.suspect();
        this.heart?.beat();
      },
      onDown: () => {
        this.gateways?.onDown();
        this.calls.onDown();
        this.heart?.beat();
      },
    });
  }

  private heartbeat(): BridgeHeartbeat {
    const { config } = this;
    return {
      bridge_id: config.BRIDGE_ID,
      pool: config.BRIDGE_POOL,
      sip_address: config.SIP_ADDRESS,
      connection: {
        tls_port: config.SIP_TLS_PORT ?? null,
        rtp: { first: config.RTP_PORT_FIRST, last: config.RTP_PORT_LAST },
      },
      agent_version: this.version,
      instance_id: this.instanceId,
      started_at: this.startedAt,
      at: new Date().toISOString(),
      ...this.gateways.heartbeat(),
      calls: this.calls.live(),
      unconfirmed_records: this.calls.unconfirmedRecords(),
    };
  }

  /** A disconnected FreeSWITCH or NATS shows here but stops nothing: the agent continues with what it has. */
  readiness(): Record<string, string> {
    return {
      freeswitch: this.esl.connected ? 'up' : 'no connection to the event socket',
      trunks: this.gateways.readiness(),
      ...this.calls.readiness(),
      capture: this.refused.readiness(),
    };
  }

  /** For requests about the calls of this host. */
  callControl(): CallControlPorts {
    return this.calls.control;
  }

  /** Settles when NATS is there and this process has the bridge. */
  connected(): Promise<NatsConnection> {
    return new Promise((resolve) => {
      this.link.onConnected(resolve);
    });
  }

  /** Turns new calls away and waits for those with an assistant, DRAIN_SECONDS at most. */
  drain(): Promise<void> {
    return this.calls.drain(this.config.DRAIN_SECONDS * 1_000);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.heart.stop();
    await this.calls.stop();
    await this.refused.stop();
    await this.gateways.stop();
    this.esl.stop();
    if (this.link.connection !== undefined) await this.link.connection.drain();
    else void this.nats.then((nc) => nc.close());
    this.lock.release();
  }
}
