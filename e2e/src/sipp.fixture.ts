import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { PAYLOAD_TYPES, type Codec } from '@trunkmesh/testkit/rtp/g711.js';
import { startSupervised } from '@trunkmesh/testkit/supervised.process.js';
import { ROOT } from './mesh.fixture.js';

/** One call's signalling by SIPp; its audio is spoken and heard at the port. */
export interface SippCaller {
  from: string;
  audioPort: number;
  codec: Codec;
}

export interface SippCalls {
  target: { host: string; port: number };
  number: string;
  callers: readonly SippCaller[];
  /** `caller`: it hangs up after `talkMs`; `other-side`: that must end the call within `talkMs`. */
  endedBy: 'caller' | 'other-side';
  talkMs: number;
  /** Where the calls come from: an address of the trunk. */
  address: string;
  /** New calls a second, and calls at once. */
  rate?: number;
  atOnce?: number;
}

export interface SippRun {
  /** Settles when all calls went as expected; rejects with what SIPp said. */
  readonly finished: Promise<void>;
  stop(): Promise<void>;
}

const TEMPLATES = { caller: 'uac-talks.xml', 'other-side': 'uac-hung-up.xml' };

/** All of the calls by one SIPp. */
export async function startSipp(calls: SippCalls): Promise<SippRun> {
  const folder = await mkdtemp(join(tmpdir(), 'trunkmesh-sipp-'));
  const template = await readFile(join(ROOT, 'e2e/sipp', TEMPLATES[calls.endedBy]), 'utf8');
  const values: Record<string, string> = { REQUEST_USER: calls.number, DEADLINE_MS: String(calls.talkMs) };
  await writeFile(
    join(folder, 'scenario.xml'),
    template.replace(/(?<=[\s\S]*-->[\s\S]*)__([A-Z_]+)__/g, (whole, name: string) => values[name] ?? whole),
  );
  const lines = calls.callers.map(
    ({ from, audioPort, codec }) => `${audioPort};${PAYLOAD_TYPES[codec]};${codec};${from}`,
  );
  await writeFile(join(folder, 'callers.csv'), ['SEQUENTIAL', ...lines, ''].join('\n'));
  const { callers, address, talkMs, target, rate = callers.length, atOnce = callers.length } = calls;
  const args = [
    '-sf',
    join(folder, 'scenario.xml'),
    '-inf',
    join(folder, 'callers.csv'),
    '-m',
    String(callers.length),
    '-r',
    String(rate),
    '-l',
    String(atOnce),
    '-d',
    String(talkMs),
    '-i',
    address,
    '-p',
    String(await freePort()),
    '-mi',
    '127.0.0.1',
    '-nostdin',
    '-trace_err',
    `${target.host}:${target.port}`,
  ];
  const process = await startSupervised('sipp', args, { cwd: folder, logFile: join(folder, 'log') });
  const finished = process.exited.then(async (code) => {
    const said = code === 0 ? '' : process.tail(40);
    await rm(folder, { recursive: true, force: true });
    if (code !== 0)
      throw new Error(
        `SIPp ended with ${code}: not every call was answered and ended by the ` +
          `${calls.endedBy === 'caller' ? 'caller' : 'other side'}\n${said}`,
      );
  });
  finished.catch(() => undefined);
  return {
    finished,
    stop: async () => {
      await process.stop('SIGKILL');
      await finished.catch(() => undefined);
    },
  };
}
