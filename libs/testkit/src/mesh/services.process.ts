import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { component, isReady, type Component } from './component.process.js';
import type { BridgeFreeswitch } from './freeswitch.process.js';
import type { SettingsStore } from './settings.fs.js';

export interface ServiceContext {
  root: string;
  folder: string;
  store: SettingsStore;
  nats: string;
  /** The database of the event store, and that of billing-observer. */
  record: string;
  billing: string;
  /** Added to every service's environment. */
  env: Record<string, string | undefined>;
  /** The port of the next service's inspector, on the loopback; undefined: no inspector. */
  inspect: { port: number } | undefined;
}

async function service(
  context: ServiceContext,
  options: { name: string; app: string; env: Record<string, string> },
): Promise<Component> {
  const ops = await context.store.port(`${options.name}.ops`);
  return component({
    name: options.name,
    command: process.execPath,
    args: [...debugging(context), join(context.root, 'apps', options.app, 'dist/main.js')],
    cwd: context.root,
    logFile: join(context.folder, 'logs', `${options.name}.log`),
    env: {
      NATS_URL: context.nats,
      OPS_HOST: '127.0.0.1',
      OPS_PORT: String(ops),
      LOG_LEVEL: 'info',
      ...context.env,
      ...options.env,
    },
    ready: () => isReady(ops),
  });
}

/** Source maps are for whoever debugs: with those of all packages a start takes a tenth more CPU and 20 MB more. */
function debugging({ inspect }: ServiceContext): string[] {
  if (inspect === undefined) return [];
  const { port } = inspect;
  inspect.port += 1;
  return ['--enable-source-maps', `--inspect=127.0.0.1:${port}`];
}

export async function trunkService(context: ServiceContext, port: number): Promise<Component> {
  const { settings } = context.store;
  return service(context, {
    name: 'trunk-service',
    app: 'trunk-service',
    env: {
      PORT: String(port),
      HOST: '127.0.0.1',
      DATABASE_URL: context.record,
      BOOTSTRAP_KEY: settings.bootstrapKey,
      SECRET_KEYS: settings.secretKeys,
      // Carriers of a private mesh are on the loopback.
      ALLOW_PRIVATE_GATEWAYS: 'true',
    },
  });
}

export const routingService = (context: ServiceContext): Promise<Component> =>
  service(context, { name: 'routing-service', app: 'routing-service', env: {} });

export const billingObserver = (context: ServiceContext): Promise<Component> =>
  service(context, { name: 'billing-observer', app: 'billing-observer', env: { DATABASE_URL: context.billing } });

/**
 * FreeSWITCH takes no blank and few other characters in a path: recordings of a mesh in such a folder go where they
 * can.
 */
function recordingsOf(stateDir: string): Record<string, string> {
  if (/^[\w.@+/-]+$/.test(stateDir)) return {};
  return {
    RECORDINGS_DIR: join(
      tmpdir(),
      `trunkmesh-recordings-${createHash('sha256').update(stateDir).digest('hex').slice(0, 16)}`,
    ),
  };
}

export async function bridgeAgent(context: ServiceContext, freeswitch: BridgeFreeswitch): Promise<Component> {
  const { bridge } = freeswitch;
  const stateDir = join(context.folder, bridge.id, 'state');
  return service(context, {
    name: `${bridge.id}.agent`,
    app: 'bridge-agent',
    env: {
      BRIDGE_ID: bridge.id,
      BRIDGE_POOL: bridge.pool,
      SIP_ADDRESS: `${bridge.sip.host}:${bridge.sip.port}`,
      RTP_PORT_FIRST: String(freeswitch.rtp.start),
      RTP_PORT_LAST: String(freeswitch.rtp.end),
      ESL_HOST: bridge.esl.host,
      ESL_PORT: String(bridge.esl.port),
      ESL_PASSWORD: bridge.esl.password,
      CONF_DIR: freeswitch.agentDir,
      STATE_DIR: stateDir,
      ...recordingsOf(stateDir),
      CALL_SOCKET_HOST: '127.0.0.1',
      CALL_SOCKET_PORT: String(freeswitch.callSocketPort),
      CAPTURE_PORT: String(freeswitch.capturePort),
      SECRET_KEYS: context.store.settings.secretKeys,
      // The carriers and the platform of a private mesh are on the loopback.
      ALLOW_PRIVATE_GATEWAYS: 'true',
      ALLOW_PRIVATE_URLS: 'true',
    },
  });
}
