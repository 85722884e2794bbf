import { randomBytes } from 'node:crypto';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import type { Postgres } from '@trunkmesh/testkit/postgres.process.js';
import { startServers } from '@trunkmesh/testkit/servers.process.js';
import { environmentSchema, type Config } from './config.js';
import { ONE_REQUEST, startTrunkService, type TrunkService } from './trunk-service.fixture.js';

/** A trunk-service on a private PostgreSQL and nats-server, spoken to by HTTP as its clients do. */
export interface Mesh {
  postgres: Postgres;
  nats: NatsServer;
  config: Config;
  service: TrunkService;
  /** Another instance on the same record and log. */
  another(over?: Partial<Config>): Promise<TrunkService>;
  operator: Api;
  organization(name?: string): Promise<{ id: string; admin: Api; member: Api; publisher: Api }>;
  stop(): Promise<void>;
}

export interface Answered {
  status: number;
  headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests expect parts of any JSON body
  body: any;
}
export type Api = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answered>;

export function apiOf(url: string, key: string): Api {
  return async (method, path, body, headers = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...ONE_REQUEST,
        Authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: text }),
    });
    const raw = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: /[/+]json(;|$)/.test(response.headers.get('Content-Type') ?? '') && raw !== '' ? JSON.parse(raw) : raw,
    };
  };
}

export async function startMesh(over: Partial<Config> = {}): Promise<Mesh> {
  const { postgres, nats, stop: stopServers } = await startServers();
  const config: Config = {
    ...environmentSchema.parse({
      PORT: '0',
      HOST: '127.0.0.1',
      OPS_PORT: '0',
      DATABASE_URL: await postgres.createDatabase('trunkmesh'),
      DATABASE_POOL: '8',
      NATS_URL: nats.url,
      BOOTSTRAP_KEY: randomBytes(24).toString('base64url'),
      SECRET_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    }),
    ...over,
  };
  const logger = createLogger('trunk-service', { level: process.env.LOG_LEVEL ?? 'silent' });
  const services: TrunkService[] = [];
  const another = async (more: Partial<Config> = {}) => {
    const service = await startTrunkService({ ...config, ...more }, logger);
    services.push(service);
    await service.parts.record.opened;
    return service;
  };
  const service = await another();
  const operator = apiOf(service.url, config.BOOTSTRAP_KEY);
  let organizations = 0;
  return {
    postgres,
    nats,
    config,
    service,
    another,
    operator,
    organization: async (name = `Organisation ${++organizations}`) => {
      const {
        body: { id },
      } = await operator('POST', '/api/v1/organizations', { name });
      const key = async (role: string) =>
        apiOf(
          service.url,
          (await operator('POST', '/api/v1/api-keys', { name: role, role, organization_id: id })).body.key as string,
        );
      return { id, admin: await key('admin'), member: await key('member'), publisher: await key('publisher') };
    },
    stop: async () => {
      for (const each of services) await each.stop();
      await stopServers();
    },
  };
}
