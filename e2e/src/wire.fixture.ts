import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { startSupervised } from '@trunkmesh/testkit/supervised.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { ROOT } from './mesh.fixture.js';

/** Kamailio as a carrier's registrar: digest, bindings in memory. */
export interface Kamailio {
  readonly port: number;
  /** The contacts that calls to the user would be sent to. */
  bindings(): Promise<string[]>;
  setPassword(user: string, password: string): Promise<void>;
  /** A binding's time is up. */
  expire(user: string, contact: string): Promise<void>;
  stop(): Promise<void>;
}

export const USER = { name: 'carrier-user', password: 'carrier-password' };

export async function startKamailio(): Promise<Kamailio> {
  const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-kamailio-'));
  const port = await freePort();
  const process = await startSupervised(
    'kamailio',
    ['-f', join(ROOT, 'e2e/kamailio/kamailio.cfg'), '-DD', '-E', '-A', `KAM_PORT=${port}`, '-Y', folder, '-w', folder],
    { logFile: join(folder, 'log'), onParentDeath: 'TERM' },
  );
  const rpc = async (method: string, params: unknown[] = []) => {
    const response = await fetch(`http://127.0.0.1:${port}/RPC`, {
      method: 'POST',
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(5_000),
    });
    return response.text();
  };
  await eventually(async () => (await rpc('core.version')).includes('kamailio'), {
    message: `Kamailio to answer; ${process.tail(5)}`,
  });
  return {
    port,
    bindings: async () =>
      [...(await rpc('ul.dump')).matchAll(/"Address":\s*"([^"]+)"/g)].map(([, address]) => address!),
    setPassword: async (user, password) => {
      await rpc('htable.sets', ['users', user, password]);
    },
    expire: async (user, contact) => {
      await rpc('ul.rm_contact', ['location', user, contact]);
    },
    stop: async () => {
      await process.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface SippCall {
  target: { host: string; port: number };
  from: string;
  requestUser: string;
  to?: string;
  headers?: readonly string[];
  address?: string;
  talkMs?: number;
}

/** One call by SIPp; resolves when it went as expected: answered and hung up, or refused with this status. */
export async function sipp(call: SippCall, expected: 'answered' | number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-sipp-'));
  const template = await readFile(
    join(ROOT, 'e2e/sipp', expected === 'answered' ? 'uac-answered.xml' : 'uac-refused.xml'),
    'utf8',
  );
  const values: Record<string, string> = {
    REQUEST_USER: call.requestUser,
    TO_USER: call.to ?? call.requestUser,
    FROM_USER: call.from,
    HEADERS: (call.headers ?? []).map((line) => `${line}\n`).join(''),
    STATUS: String(expected),
  };
  const scenario = join(folder, 'scenario.xml');
  await writeFile(
    scenario,
    template.replace(/(?<=[\s\S]*-->[\s\S]*)__([A-Z_]+)__/g, (whole, name: string) => values[name] ?? whole),
  );
  const address = call.address ?? '127.0.0.1';
  const args = [
    '-sf',
    scenario,
    '-m',
    '1',
    '-d',
    String(call.talkMs ?? 300),
    '-i',
    address,
    '-p',
    String(await freePort()),
    '-mi',
    address,
    '-mp',
    String(await freePort()),
    '-nostdin',
    '-timeout',
    '20s',
    '-timeout_error',
    `${call.target.host}:${call.target.port}`,
  ];
  await new Promise<void>((resolve, reject) => {
    execFile('sipp', args, { cwd: folder }, (error, stdout, stderr) => {
      if (error)
        reject(
          new Error(
            `SIPp: the call of ${call.from} was not ` +
              `${expected === 'answered' ? 'answered' : `refused with ${expected}`}: ` +
              `${stderr.slice(-600)}${stdout.slice(-200)}`,
          ),
        );
      else resolve();
    });
  }).finally(() => rm(folder, { recursive: true, force: true }));
}
