import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import type { Line } from '@trunkmesh/testkit/mesh/line.js';
import { placeLine } from '@trunkmesh/testkit/mesh/lines.net.js';
import { isSilent } from '@trunkmesh/testkit/rtp/passage.js';
import { tellingTone, tone } from '@trunkmesh/testkit/rtp/tone.js';
import { startSupervised, type Supervised } from '@trunkmesh/testkit/supervised.process.js';
import { addNumber, registeringTrunk, testMesh, type TestMesh } from './mesh.fixture.js';

/** The guide's program, as a reader runs it. */
const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), '../../docs/guides/echo-assistant.mjs');
const SECRET = 'a secret of the guide';
const NUMBER = '+15550103001';

let test: TestMesh;
let carrier: MeshCarrier;
let folder: string;
let program: Supervised;
let line: Line | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkmesh-guide-'));
  test = await testMesh();
  const port = await freePort();
  program = await startSupervised(process.execPath, [PROGRAM], {
    logFile: join(folder, 'log'),
    env: { ...process.env, PORT: String(port), SIGNING_SECRET: SECRET },
  });
  await eventually(async () => (await said()).includes('answers at'), { message: 'the program to listen' });
  const org = await test.organization('Example Dental');
  carrier = await test.carrier('9201');
  const trunk = await registeringTrunk(org, carrier);
  const at = `127.0.0.1:${port}`;
  await org.api.patch(`/api/v1/organizations/${org.id}`, {
    media_url: `ws://${at}/stream`,
    prewarm_url: `http://${at}/sip-prewarm`,
    status_url: `http://${at}/sip-status`,
    signing_secret: SECRET,
  });
  await addNumber(org, trunk, NUMBER);
  await eventually(async () => (await carrier.call({ from: '+15559870000', number: NUMBER, talkMs: 100 })) === 200, {
    timeoutMs: 20_000,
    intervalMs: 250,
    message: 'the first call to be answered',
  });
});
afterAll(async () => {
  await line?.close();
  await program?.stop();
  await test?.stop();
  await rm(folder, { recursive: true, force: true });
});

const said = () => readFile(join(folder, 'log'), 'utf8');

describe("the guide's assistant", () => {
  it('verifies the signed webhook, echoes the caller, hangs up on the key and receives the final status', async () => {
    line = await placeLine(test.mesh.bridges[0]!, carrier, { from: '+15559870001', number: NUMBER });
    expect(line.status).toBe(200);
    await line.say(tone(tellingTone(1), 40));
    // Whether each frame of it comes is audio.e2e's.
    await eventually(async () => (await line!.heard()).filter((frame) => !isSilent(frame)).length >= 30, {
      timeoutMs: 10_000,
      message: 'the echo',
    });
    await line.press('#');
    await line.ended;
    const lines = await eventually(
      async () => {
        const told = (await said()).split('\n');
        const sid = told.find((entry) => entry.includes('+15559870001'))?.split(' ')[0];
        const own = told
          .filter((entry) => sid !== undefined && entry.startsWith(sid))
          .map((entry) => entry.slice(sid!.length + 1));
        return own.at(-1) === 'is completed' ? own : undefined;
      },
      { timeoutMs: 10_000, message: 'the last status' },
    );
    expect(lines.sort()).toEqual(
      [
        'is answered',
        'is completed',
        'is initiated',
        'is ringing',
        `rings: +15559870001 calls ${NUMBER}`,
        'talks with assistant 17',
      ].sort(),
    );
  });
});
