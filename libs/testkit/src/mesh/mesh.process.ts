import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { startNatsServer, type NatsServer } from '../nats-server.process.js';
import { startPostgres, type Postgres } from '../postgres.process.js';
import type { Component } from './component.process.js';
import { freeswitchOf, type BridgeFreeswitch } from './freeswitch.process.js';
import { settleFleet } from './fleet.http.js';
import type { MeshFile } from './mesh-file.js';
import { billingObserver, bridgeAgent, routingService, trunkService, type ServiceContext } from './services.process.js';
import { openSettings, writePrivate, type SettingsStore } from './settings.fs.js';

export interface MeshOptions {
  /** Everything that the mesh keeps is in here. */
  folder: string;
  /** The repository, built. */
  root: string;
  bridges?: number;
  /** Of the bridges, in their order; where none is named: `default`. */
  pools?: readonly string[];
  /** A FreeSWITCH binary; undefined: the stand-in. */
  freeswitch?: string;
  /** Existing servers in place of private ones. The database's name gets `_billing` appended for billing-observer. */
  databaseUrl?: string;
  natsUrl?: string;
  /** The first of the bridges' RTP ports; 10000 unless another mesh on this host has those. */
  rtpBase?: number;
  /** Sync to disk as production does. */
  durable?: boolean;
  env?: Record<string, string | undefined>;
  /** Each service accepts a debugger: trunk-service on port 9229, each further one on the next port. */
  inspect?: boolean;
  /** Called for each component when it is ready. */
  onReady?: (name: string, tookMs: number) => void;
}

export interface BridgeOfMesh extends BridgeFreeswitch {
  freeswitch: Component;
  agent: Component;
}

export interface Mesh {
  readonly file: MeshFile;
  readonly fileName: string;
  readonly store: SettingsStore;
  readonly nats: NatsServer | undefined;
  readonly postgres: Postgres | undefined;
  /** billing-observer's database. */
  readonly billingUrl: string;
  readonly trunkService: Component;
  readonly routingService: Component;
  readonly billingObserver: Component;
  readonly bridges: readonly BridgeOfMesh[];
  /** Every process but the two servers. */
  readonly components: readonly Component[];
  /** Writes mesh.json again, after the organisation and its key are known. */
  saveFile(): Promise<void>;
  stop(): Promise<void>;
}

/** 9229 is Node's own default. */
const inspectorsFrom = (wanted = false) => (wanted ? { port: 9229 } : undefined);

/** RTP ports a bridge may use: two a call. Below the ports that freePort hands out. */
const RTP_SPAN = 1_000;

/**
 * Starts the whole mesh and resolves when every component is ready. What was started is stopped again when something
 * fails.
 */
export async function startMesh(options: MeshOptions): Promise<Mesh> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one().catch(() => undefined);
  };
  try {
    return await start(options, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(options: MeshOptions, stops: (() => Promise<void>)[], stop: () => Promise<void>): Promise<Mesh> {
  const { folder } = options;
  await mkdir(join(folder, 'logs'), { recursive: true });
  const store = await openSettings(folder);
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const from = performance.now();
    const result = await work();
    options.onReady?.(name, performance.now() - from);
    return result;
  };
  const { nats, postgres, context } = await timed('nats-server and PostgreSQL', () => servers(options, store, stops));
  const apiPort = await store.port('api');
  const trunk = await trunkService(context, apiPort);
  const routing = await routingService(context);
  const billing = await billingObserver(context);
  const bridges: BridgeOfMesh[] = [];
  for (let index = 1; index <= (options.bridges ?? 1); index += 1)
    bridges.push(await bridgeOf(options, context, index));
  const components = [trunk, routing, billing, ...bridges.flatMap(({ freeswitch, agent }) => [freeswitch, agent])];
  await store.save();
  for (const one of components) stops.push(() => one.stop());

  // The first service to start makes the streams; agents connect to FreeSWITCH as soon as it is up.
  await Promise.all(components.map((one) => timed(one.name, () => one.start())));
  const file: MeshFile = {
    api: `http://127.0.0.1:${apiPort}`,
    nats: context.nats,
    postgres: context.record,
    bootstrapKey: store.settings.bootstrapKey,
    organizationId: store.settings.organizationId,
    adminKey: store.settings.adminKey,
    bridges: bridges.map(({ bridge }) => bridge),
  };
  const mesh: Mesh = {
    file,
    fileName: join(folder, 'mesh.json'),
    store,
    nats,
    postgres,
    billingUrl: context.billing,
    trunkService: trunk,
    routingService: routing,
    billingObserver: billing,
    bridges,
    components,
    saveFile: async () => {
      file.organizationId = store.settings.organizationId;
      file.adminKey = store.settings.adminKey;
      await store.save();
      await writePrivate(mesh.fileName, file);
    },
    stop,
  };
  await settleFleet(file);
  await mesh.saveFile();
  return mesh;
}

async function servers(options: MeshOptions, store: SettingsStore, stops: (() => Promise<void>)[]) {
  const { folder } = options;
  const nats =
    options.natsUrl === undefined
      ? await startNatsServer({
          port: await store.port('nats'),
          storeDir: join(folder, 'nats'),
          logFile: join(folder, 'logs', 'nats-server.log'),
        })
      : undefined;
  if (nats !== undefined) stops.push(() => nats.halt());
  const postgres =
    options.databaseUrl === undefined
      ? await startPostgres({
          port: await store.port('postgres'),
          dataDir: join(folder, 'postgres'),
          logFile: join(folder, 'logs', 'postgres.log'),
          durable: options.durable ?? true,
        })
      : undefined;
  if (postgres !== undefined) stops.push(() => postgres.halt());
  const record = options.databaseUrl ?? (await postgres!.createDatabase('trunkmesh'));
  const billing =
    options.databaseUrl === undefined
      ? await postgres!.createDatabase('trunkmesh_billing')
      : await billingBeside(options.databaseUrl);
  const context: ServiceContext = {
    root: options.root,
    folder,
    store,
    nats: options.natsUrl ?? nats!.url,
    record,
    billing,
    env: options.env ?? {},
    inspect: inspectorsFrom(options.inspect),
  };
  return { nats, postgres, context };
}

/** billing-observer's database on the same server: made where the user may, named in the error where not. */
async function billingBeside(record: string): Promise<string> {
  const url = new URL(record);
  url.pathname += '_billing';
  const name = decodeURIComponent(url.pathname.slice(1));
  const client = new pg.Client({ connectionString: record, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } catch (error) {
    throw new Error(
      `billing-observer needs the database "${name}" on the same server, and it could not be made ` +
        `(${(error as Error).message}): create it, owned by the same user`,
      { cause: error },
    );
  } finally {
    await client.end();
  }
  return url.href;
}

async function bridgeOf(options: MeshOptions, context: ServiceContext, index: number): Promise<BridgeOfMesh> {
  const id = `bridge-${index}`;
  const start = (options.rtpBase ?? 10_000) + (index - 1) * RTP_SPAN;
  const prepared = await freeswitchOf({
    id,
    pool: options.pools?.[index - 1] ?? 'default',
    folder: join(context.folder, id),
    root: options.root,
    store: context.store,
    binary: options.freeswitch,
    logFile: join(context.folder, 'logs', `${id}.freeswitch.log`),
    rtp: { start, end: start + RTP_SPAN - 2 },
  });
  return { ...prepared, freeswitch: prepared.component, agent: await bridgeAgent(context, prepared) };
}
