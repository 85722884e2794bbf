import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { CallDetail } from '@trunkmesh/contracts/call-log.js';
import type { AnyEvent } from '@trunkmesh/contracts/envelope.js';
import { CALLS_STREAM, TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { apiClient, type Api } from '@trunkmesh/testkit/mesh/api.http.js';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import { carrierFor } from '@trunkmesh/testkit/mesh/carriers.net.js';
import { startMesh, type Mesh } from '@trunkmesh/testkit/mesh/mesh.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import pg from 'pg';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

export interface Organization {
  id: string;
  api: Api;
  key: string;
}
export interface Trunk {
  id: string;
  name: string;
  gateway_revision?: number;
  enabled: boolean;
}
export interface TrunkStatus {
  verdict: string;
  summary: string;
  bridges: {
    bridge_id: string;
    verdict: string;
    reason: string;
    applied_revision: number | null;
    desired_revision: number;
    registration: { state: string | null; sip_status: number | null; hint: string | null };
  }[];
}

export interface TestMesh {
  readonly mesh: Mesh;
  readonly folder: string;
  readonly operator: Api;
  organization(name: string): Promise<Organization>;
  carrier(user?: string, bridge?: number): Promise<MeshCarrier>;
  /** Every message of a stream, in its order. */
  stream(name: string): Promise<{ subject: string; text: string }[]>;
  record<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]>;
  billing<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Everything that any component wrote, by file. */
  logs(): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

/** A mesh of its own in a temporary folder, with the FreeSWITCH that FREESWITCH names, else the stand-in. */
export async function testMesh(
  options: { bridges?: number; pools?: readonly string[]; env?: Record<string, string>; folder?: string } = {},
): Promise<TestMesh> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'trunkmesh-e2e-')));
  const mesh = await startMesh({
    folder,
    root: ROOT,
    bridges: options.bridges ?? 1,
    ...(options.pools === undefined ? {} : { pools: options.pools }),
    freeswitch: process.env['FREESWITCH'] || undefined,
    rtpBase: 15_000,
    durable: false,
    env: options.env,
  });
  const carriers: MeshCarrier[] = [];
  const operator = apiClient(mesh.file.api, mesh.file.bootstrapKey);
  return {
    mesh,
    folder,
    operator,
    organization: (name) => newOrganization(mesh, operator, name),
    carrier: async (user, bridge = 0) => {
      const carrier = await carrierFor(mesh.bridges[bridge]!, user);
      carriers.push(carrier);
      return carrier;
    },
    stream: (name) => readStream(mesh.file.nats, name),
    record: (sql, values) => query(mesh.file.postgres, sql, values),
    billing: (sql, values) => query(mesh.billingUrl, sql, values),
    logs: async () => {
      const files = await readdir(join(folder, 'logs'));
      return Object.fromEntries(
        await Promise.all(
          files.map(async (name) => [name, await readFile(join(folder, 'logs', name), 'utf8')] as const),
        ),
      );
    },
    stop: async () => {
      await Promise.all(carriers.map((carrier) => carrier.close()));
      await mesh.stop();
      if (process.env['KEEP_E2E'] === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function newOrganization(mesh: Mesh, operator: Api, name: string): Promise<Organization> {
  const { id } = await operator.post<{ id: string }>('/api/v1/organizations', { name });
  const { key } = await operator.post<{ key: string }>('/api/v1/api-keys', {
    organization_id: id,
    name: 'e2e',
    role: 'admin',
  });
  return { id, key, api: apiClient(mesh.file.api, key) };
}

async function query<Row extends object>(url: string, sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

async function readStream(nats: string, name: string): Promise<{ subject: string; text: string }[]> {
  const nc = await connect({ servers: nats });
  try {
    const { state } = await (await jetstreamManager(nc)).streams.info(name);
    if (state.messages === 0) return [];
    const consumer = await jetstream(nc).consumers.get(name);
    const messages = await consumer.consume();
    const read: { subject: string; text: string }[] = [];
    for await (const message of messages as AsyncIterable<JsMsg>) {
      read.push({ subject: message.subject, text: message.string() });
      if (message.seq >= state.last_seq) break;
    }
    return read;
  } finally {
    await nc.close();
  }
}

export const entityEvents = async (test: TestMesh): Promise<AnyEvent[]> =>
  (await test.stream(TRUNKMESH_STREAM)).map(({ text }) => JSON.parse(text) as AnyEvent);

export interface CallMessage {
  type: string;
  data: Record<string, unknown> & { call_id: string; from: string; to: string };
}
export const callEvents = async (test: TestMesh): Promise<CallMessage[]> =>
  (await test.stream(CALLS_STREAM)).map(({ text }) => JSON.parse(text) as CallMessage);

export const statusOf = (org: Organization, trunk: { id: string }): Promise<TrunkStatus> =>
  org.api.get<TrunkStatus>(`/api/v1/sip-trunks/${trunk.id}/status`);

export async function untilLive(org: Organization, trunk: { id: string }, timeoutMs = 20_000): Promise<TrunkStatus> {
  return eventually(
    async () => {
      const status = await statusOf(org, trunk);
      if (status.verdict !== 'live') throw new Error(JSON.stringify(status));
      return status;
    },
    { timeoutMs, intervalMs: 50, message: 'the trunk to be live' },
  );
}

/** What the log has of a call, once it has ended. */
export const untilEnded = (org: Organization, sid: string): Promise<CallDetail> =>
  eventually(
    async () => {
      const call = await org.api.get<CallDetail>(`/api/v1/calls/${sid}`);
      return call.status === 'ongoing' ? undefined : call;
    },
    { timeoutMs: 20_000, intervalMs: 50, message: "the call's end in the log" },
  );

/** A trunk that registers to the carrier, live. */
export async function registeringTrunk(org: Organization, carrier: MeshCarrier, more: object = {}): Promise<Trunk> {
  const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', {
    name: `Carrier ${carrier.username}`,
    gateway: carrier.gateway,
    username: carrier.username,
    password: carrier.password,
    register: true,
    ...more,
  });
  await untilLive(org, trunk);
  return trunk;
}

export const addNumber = (
  org: Organization,
  trunk: { id: string } | null,
  number: string,
  more: object = {},
): Promise<{ id: string }> =>
  org.api.post<{ id: string }>('/api/v1/phone-numbers', {
    phone_number: number,
    sip_trunk_id: trunk?.id ?? null,
    assistant_id: 17,
    ...more,
  });

/**
 * The relay has published everything: what the stream holds is, byte for byte and in order of each entity, what the
 * record holds.
 */
export async function untilPublished(test: TestMesh, timeoutMs = 60_000): Promise<AnyEvent[]> {
  return eventually(
    async () => {
      const recorded = await test.record<{ subject: string; version: number; envelope: string }>(
        'SELECT subject, version, envelope FROM events ORDER BY subject, version',
      );
      const published = await test.stream(TRUNKMESH_STREAM);
      const key = (event: AnyEvent) => `${event.subject}#${event.entityversion}`;
      const events = published.map(({ text }) => JSON.parse(text) as AnyEvent);
      const seen = new Map<string, string>();
      for (const [index, event] of events.entries()) {
        if (seen.has(key(event))) throw new Error(`${key(event)} is in the stream twice`);
        seen.set(key(event), published[index]!.text);
      }
      const missing = recorded.filter(({ subject, version }) => !seen.has(`${subject}#${version}`));
      if (missing.length > 0) throw new Error(`${missing.length} of ${recorded.length} events are not in the stream`);
      const different = recorded.filter(
        ({ subject, version, envelope }) => seen.get(`${subject}#${version}`) !== envelope,
      );
      if (different.length > 0 || events.length !== recorded.length)
        throw new Error(
          `the stream has ${events.length} messages, the record ${recorded.length}; ${different.length} differ`,
        );
      inOrder(events);
      return events;
    },
    { timeoutMs, intervalMs: 250, message: 'every committed event to be in the stream exactly once' },
  );
}

/** Each entity's versions follow each other without a gap, in the order of the stream. */
function inOrder(events: readonly AnyEvent[]): void {
  const last = new Map<string, number>();
  for (const { subject, entityversion } of events) {
    const expected = (last.get(subject) ?? 0) + 1;
    if (entityversion !== expected) throw new Error(`${subject}: version ${entityversion} follows ${expected - 1}`);
    last.set(subject, entityversion);
  }
}
