import { cp, mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { component, type Component } from './component.process.js';
import type { MeshBridge } from './mesh-file.js';
import type { SettingsStore } from './settings.fs.js';

/** deploy/freeswitch/prepare.mjs, which is plain JavaScript so that it runs on a host without a build. */
interface Prepare {
  prepare(
    directory: string,
    options: Record<string, string | number | undefined>,
  ): Promise<{ confDir: string; agentDir: string; eslPassword: string }>;
}

export interface FreeswitchOptions {
  id: string;
  pool: string;
  /** Of this bridge: configuration, databases, logs. */
  folder: string;
  root: string;
  store: SettingsStore;
  /** A binary, or undefined for the stand-in. */
  binary: string | undefined;
  logFile: string;
  /** Ports a bridge for RTP; two a call. */
  rtp: { start: number; end: number };
}

export interface BridgeFreeswitch {
  bridge: MeshBridge;
  callSocketPort: number;
  capturePort: number;
  rtp: FreeswitchOptions['rtp'];
  /** CONF_DIR of the bridge's agent. */
  agentDir: string;
  /** Where calls are injected into the stand-in; undefined for a real FreeSWITCH. */
  controlPort: number | undefined;
  component: Component;
}

export async function freeswitchOf(options: FreeswitchOptions): Promise<BridgeFreeswitch> {
  const { id, store, folder, root } = options;
  const sipPort = await store.port(`${id}.sip`);
  const eslPort = await store.port(`${id}.esl`);
  const callSocketPort = await store.port(`${id}.call-socket`);
  const capturePort = await store.port(`${id}.capture`);
  const { prepare } = (await import(join(root, 'deploy/freeswitch/prepare.mjs'))) as Prepare;
  const { confDir, agentDir, eslPassword } = await prepare(join(folder, 'conf'), {
    sipPort,
    eslPort,
    callSocketPort,
    capturePort,
    tlsPort: await store.port(`${id}.tls`),
    rtpStart: options.rtp.start,
    rtpEnd: options.rtp.end,
    sipIp: '127.0.0.1',
    eslPassword: store.password(`${id}.esl`),
  });
  const controlPort = options.binary === undefined ? await store.port(`${id}.control`) : undefined;
  const bridge: MeshBridge = {
    id,
    pool: options.pool,
    sip: { host: '127.0.0.1', port: sipPort },
    esl: { host: '127.0.0.1', port: eslPort, password: eslPassword },
    freeswitch: options.binary === undefined ? 'stand-in' : 'real',
    controlPort: controlPort ?? null,
    confDir,
  };
  const ready = () => accepts(eslPort);
  if (options.binary !== undefined) {
    const args = await realArguments(options.binary, confDir, join(folder, 'run'));
    return {
      bridge,
      callSocketPort,
      capturePort,
      rtp: options.rtp,
      agentDir,
      controlPort: undefined,
      component: component({
        name: `${id}.freeswitch`,
        command: options.binary,
        args,
        logFile: options.logFile,
        ready,
      }),
    };
  }
  const standIn = join(root, 'libs/testkit/dist/freeswitch/main.js');
  return {
    bridge,
    callSocketPort,
    capturePort,
    rtp: options.rtp,
    agentDir,
    controlPort,
    component: component({
      name: `${id}.freeswitch`,
      command: process.execPath,
      args: [standIn, '--conf', confDir, '--control-port', String(controlPort)],
      logFile: options.logFile,
      ready,
    }),
  };
}

/**
 * -conf, -log and -db belong together; without the others it writes beside its own binary. -nonat: the search for a NAT
 * gateway takes 12 s. -np: as root it would otherwise run at real-time priority and starve what shares the host.
 */
async function realArguments(binary: string, confDir: string, run: string): Promise<string[]> {
  const folders = [
    'log',
    'db',
    'run',
    'temp',
    'certs',
    'storage',
    'cache',
    'recordings',
    'scripts',
    'htdocs',
    'grammar',
    'sounds',
  ];
  // Its log folder gets a copy of the whole configuration, passwords included, that everybody may read.
  await mkdir(run, { recursive: true, mode: 0o700 });
  for (const folder of folders) await mkdir(join(run, folder), { recursive: true });
  // Generating them costs three seconds at the first start; an installation often brings some.
  const brought = join(resolve(dirname(binary)), '..', 'example', 'certs');
  if (basename(dirname(binary)) === 'bin')
    await cp(brought, join(run, 'certs'), { recursive: true, force: false }).catch(() => undefined);
  return [
    '-conf',
    confDir,
    ...folders.flatMap((folder) => [`-${folder}`, join(run, folder)]),
    '-nonat',
    '-nonatmap',
    '-np',
    '-nf',
    '-nc',
  ];
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolvePromise) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const done = (ok: boolean) => {
      socket.destroy();
      resolvePromise(ok);
    };
    socket.setTimeout(1_000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('data', () => done(true));
  });
}
