import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import { createLogger, nestLogger, type Logger } from '@trunkmesh/runtime/logger.process.js';
import { ServiceModule } from '@trunkmesh/runtime/service.module.js';
import type { NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import type { Postgres } from '@trunkmesh/testkit/postgres.process.js';
import { startServers } from '@trunkmesh/testkit/servers.process.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { AppModule } from './app.module.js';
import { environmentSchema, type Config } from './config.js';
import { startHttpService } from './http-service.http.js';
import type { EventStore } from './event-store/event-store.pg.js';
import { BridgeDeadlines } from './outbound/ask-bridge.nats.js';
import { KEY_RING, NATS, EVENT_STORE } from './tokens.js';

export const BOOTSTRAP_KEY = 'bootstrap-key-of-a-test-that-is-long-enough';

/** One request; `body` is sent as JSON unless it is a text already. */
export interface Sent {
  method?: string;
  key?: string;
  body?: unknown;
  headers?: Record<string, string>;
}
export interface Received {
  status: number;
  headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests expect parts of any JSON body
  body: any;
  text: string;
}
export type Api = (path: string, sent?: Sent) => Promise<Received>;

export interface Fixture {
  postgres: Postgres;
  nats: NatsServer;
  service: TrunkService;
  config: Config;
  api: Api;
  /** Everything that this service logged, at the finest level. */
  logged(): string;
  /** Everything that the API answered. */
  answered(): string;
  /** Another copy of the service on the same record and log. */
  another(overrides?: Partial<Config>): Promise<TrunkService>;
  organization(name?: string): Promise<{ id: string; admin: string; member: string; publisher: string }>;
  stop(): Promise<void>;
}

/** A running copy of the service, and what its modules provide. */
export interface TrunkService {
  /** `http://127.0.0.1:port` of the API. */
  url: string;
  parts: { record: EventStore; nats: OwnNatsLink; keyRing: KeyRing; deadlines: BridgeDeadlines };
  stop(): Promise<void>;
}

/** As main.ts starts it, without what belongs to the process. */
export async function startTrunkService(config: Config, logger: Logger): Promise<TrunkService> {
  const root = ServiceModule.of(AppModule, { config, logger });
  const options = { logger: nestLogger(logger), abortOnError: false };
  const { app, facts } = await startHttpService(root, options, config);
  return {
    url: facts.api,
    parts: {
      record: app.get(EVENT_STORE, { strict: false }),
      nats: app.get(NATS, { strict: false }),
      keyRing: app.get(KEY_RING, { strict: false }),
      deadlines: app.get(BridgeDeadlines, { strict: false }),
    },
    stop: () => app.close(),
  };
}

/** The whole service on real servers. */
export async function startFixture(overrides: Partial<Config> = {}): Promise<Fixture> {
  const { postgres, nats, stop: stopServers } = await startServers();
  const lines: string[] = [];
  const answers: string[] = [];
  const logger = createLogger('trunk-service', {
    level: 'trace',
    destination: new Writable({
      write: (chunk, _encoding, done) => {
        lines.push(String(chunk));
        done();
      },
    }),
  });
  const config: Config = {
    ...environmentSchema.parse({
      PORT: '0',
      HOST: '127.0.0.1',
      DATABASE_URL: await postgres.createDatabase('trunkmesh'),
      NATS_URL: nats.url,
      BOOTSTRAP_KEY,
      SECRET_KEYS: `test:${randomBytes(32).toString('base64')}`,
    }),
    ...overrides,
  };
  const service = await startTrunkService(config, logger);
  await service.parts.record.opened;
  const others: TrunkService[] = [];
  const api = clientOf(() => service.url, answers);
  let organizations = 0;
  return {
    postgres,
    nats,
    service,
    config,
    api,
    logged: () => lines.join(''),
    answered: () => answers.join('\n'),
    another: async (more = {}) => {
      const other = await startTrunkService({ ...config, ...more }, logger);
      others.push(other);
      await other.parts.record.opened;
      return other;
    },
    organization: async (name = `Organisation ${(organizations += 1)}`) => {
      const {
        body: { id },
      } = await api('/api/v1/organizations', { body: { name }, key: BOOTSTRAP_KEY });
      const keyOf = async (role: string) =>
        (await api('/api/v1/api-keys', { body: { name: role, role, organization_id: id }, key: BOOTSTRAP_KEY })).body
          .key as string;
      return { id, admin: await keyOf('admin'), member: await keyOf('member'), publisher: await keyOf('publisher') };
    },
    stop: async () => {
      for (const one of [...others, service]) await one.stop();
      await stopServers();
    },
  };
}

/**
 * A connection that is kept is closed by the server after five seconds: a test that computes for so long would write
 * its next request into the closing one.
 */
export const ONE_REQUEST = { Connection: 'close' };

export function clientOf(url: () => string, answers: string[] = []): Api {
  return async (path, sent = {}) => {
    const response = await fetch(url() + path, requestOf(sent));
    const text = await response.text();
    answers.push(JSON.stringify(Object.fromEntries(response.headers)), text);
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
  };
}

function requestOf({ method, key, body, headers }: Sent): RequestInit {
  const authorization: Record<string, string> = {
    ...ONE_REQUEST,
    ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
  };
  if (body === undefined) return { method: method ?? 'GET', headers: { ...authorization, ...headers } };
  return {
    method: method ?? 'POST',
    headers: { ...authorization, 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}
