import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { apiClient } from '@trunkmesh/testkit/mesh/api.http.js';
import { freeswitchOf, type BridgeFreeswitch } from '@trunkmesh/testkit/mesh/freeswitch.process.js';
import { openRtpPeer } from '@trunkmesh/testkit/rtp/rtp-peer.net.js';
import { placeSipCall } from '@trunkmesh/testkit/sip/sip-call.net.js';
import type { SipLine } from '@trunkmesh/testkit/sip/sip-line.js';
import { benchMesh, type BenchMesh } from './bench-mesh.process.js';
import { figure, percentile } from './figure.js';

const PER_SECOND = 20;
/** Many and short: what else the machine does hits both alike. */
const ROUNDS = 10;
const ROUND_SECONDS = Number(process.env['BENCH_CALL_SECONDS'] ?? 20) / ROUNDS;
const TALK_MS = 500;
const HELD_CALLS = 150;
const NUMBER = '+15550100001';
const CALLER_ADDRESS = '127.0.0.101';
/** A heap that is collected often shows what calls need; one that may grow shows what there is. */
const SMALL_HEAP = { NODE_OPTIONS: '--max-semi-space-size=4' };
const HERE = dirname(fileURLToPath(import.meta.url));

interface Target {
  host: string;
  port: number;
}

/**
 * INVITE → 200 at 20 calls a second on a real FreeSWITCH: the whole way through routing, prewarm and the assistant's
 * WebSocket, against a bare outbound-socket program on a FreeSWITCH of its own that answers at once. They take turns,
 * so that both see the same machine. And what a call weighs in the agent.
 */
export async function run(print: (line: string) => void): Promise<void> {
  const binary = process.env['FREESWITCH'];
  if (!binary) return print('# not run: FREESWITCH names no binary, and a stand-in has no set-up to measure');
  const assistant = await startAssistant();
  const bench = await benchMesh(SMALL_HEAP);
  const stops: (() => Promise<void>)[] = [() => bench.stop(), () => assistant.stop()];
  try {
    const bare = await bareFreeswitch(bench, binary);
    stops.unshift(bare.stop);
    await prepare(bench, assistant);
    const ours = bench.mesh.bridges[0]!.bridge.sip;
    await untilAnswered(ours);
    await untilAnswered(bare.sip);
    const [warm, mine, theirs] = [[] as number[], [] as number[], [] as number[]];
    for (const target of [bare.sip, ours]) await callsTo(target, 3, warm);
    for (let round = 0; round < ROUNDS; round += 1) {
      await callsTo(bare.sip, ROUND_SECONDS, theirs);
      await callsTo(ours, ROUND_SECONDS, mine);
    }
    for (const share of [0.5, 0.99]) {
      const [value, rival] = [percentile(mine, share), percentile(theirs, share)];
      print(
        figure({
          name: `call_setup_p${share * 100}`,
          value,
          unit: 'ms',
          ratio: value / rival,
          versus:
            `a bare program that answers at once, ${rival.toFixed(1)} ms; ${mine.length} and ` +
            `${theirs.length} calls at ${PER_SECOND}/s`,
        }),
      );
    }
    print(figure(await memoryPerCall(bench, ours, assistant)));
  } finally {
    for (const stop of stops) await stop();
  }
}

/** An assistant by the organisation's settings, a trunk by address, a number. */
async function prepare(bench: BenchMesh, assistant: Assistant): Promise<void> {
  const api = apiClient(bench.mesh.file.api, bench.adminKey);
  await api.patch(`/api/v1/organizations/${bench.organizationId}`, {
    media_url: assistant.url,
    prewarm_url: assistant.prewarmUrl,
    signing_secret: 'a secret of the measurement',
  });
  const trunk = await api.post<{ id: string }>('/api/v1/sip-trunks', {
    name: 'Bench',
    gateway: `${CALLER_ADDRESS}:5060`,
    register: false,
  });
  await api.post('/api/v1/phone-numbers', { phone_number: NUMBER, sip_trunk_id: trunk.id, assistant_id: 17 });
}

const untilAnswered = (target: Target) =>
  eventually(
    async () => {
      const line = await placeSipCall({ from: '+15559870000', number: NUMBER, address: CALLER_ADDRESS, target });
      if (line.status !== 200) throw new Error(`SIP ${line.status}`);
      await line.hangUp();
      return true;
    },
    { timeoutMs: 30_000, intervalMs: 250, message: 'a call to be answered' },
  );

/** At a steady rate, whatever the earlier ones do. Adds each call's milliseconds from INVITE to 200. */
async function callsTo(target: Target, seconds: number, tookMs: number[]): Promise<void> {
  const begin = performance.now();
  const running: Promise<void>[] = [];
  for (let nth = 0; nth < seconds * PER_SECOND; nth += 1) {
    await sleep(Math.max(0, begin + (nth * 1_000) / PER_SECOND - performance.now()));
    running.push(one(target, tookMs));
  }
  await Promise.all(running);
}

async function one(target: Target, tookMs: number[]): Promise<void> {
  let from = 0;
  const line = await placeSipCall({
    from: '+15559870001',
    number: NUMBER,
    address: CALLER_ADDRESS,
    target,
    onSent: () => {
      from = performance.now();
    },
  });
  if (line.status !== 200) throw new Error(`a call was refused with ${line.status}`);
  tookMs.push(performance.now() - from);
  await sleep(TALK_MS);
  await line.hangUp();
}

/** A FreeSWITCH as the mesh's own, whose calls go to the bare program. */
async function bareFreeswitch({ mesh }: BenchMesh, binary: string): Promise<{ sip: Target; stop(): Promise<void> }> {
  const folder = join(dirname(mesh.fileName), 'bare');
  const freeswitch: BridgeFreeswitch = await freeswitchOf({
    id: 'bare',
    pool: 'default',
    folder,
    root: join(HERE, '..', '..'),
    store: mesh.store,
    binary,
    logFile: join(folder, 'log'),
    rtp: { start: 19_000, end: 19_998 },
  });
  await writeFile(
    join(freeswitch.agentDir, 'acl.xml'),
    '<include>\n  <node type="allow" cidr="127.0.0.0/8"/>\n</include>\n',
  );
  const program = spawn(
    process.execPath,
    [join(HERE, 'call-setup-bare.process.js'), String(freeswitch.callSocketPort)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  await once(program.stdout, 'data');
  await freeswitch.component.start();
  return {
    sip: freeswitch.bridge.sip,
    stop: async () => {
      await freeswitch.component.stop();
      await ended(program);
    },
  };
}

async function ended(program: ChildProcess): Promise<void> {
  program.stdin?.end();
  if (program.exitCode === null && program.signalCode === null) await once(program, 'exit');
}

/** Resident memory of the whole agent, with callers that are heard and answered. */
async function memoryPerCall(
  bench: BenchMesh,
  target: Target,
  assistant: Assistant,
): Promise<Parameters<typeof figure>[0]> {
  const { agent } = bench.mesh.bridges[0]!;
  const resident = async () =>
    Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${agent.pid()}/status`, 'utf8'))?.[1]) / 1024;
  const peer = await openRtpPeer();
  assistant.onConnection = (connection) => connection.echo();
  const before = await resident();
  const lines: SipLine[] = [];
  for (let nth = 0; nth < HELD_CALLS; nth += 1) {
    const audio = { address: peer.address, port: peer.port, codecs: [{ payloadType: 0, name: 'PCMU' }] };
    lines.push(await placeSipCall({ from: '+15559870002', number: NUMBER, address: CALLER_ADDRESS, target, audio }));
  }
  await sleep(5_000);
  const value = ((await resident()) - before) / HELD_CALLS;
  await Promise.all(lines.map((line) => line.hangUp()));
  await peer.close();
  return {
    name: 'agent_memory_per_call',
    value,
    unit: 'MB',
    ratio: value / 0.5,
    versus: `aim <= 0.5 MB; the whole agent ${Math.round(before)} MB without calls, ${HELD_CALLS} calls`,
  };
}
