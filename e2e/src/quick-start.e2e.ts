import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { settleOrganization } from '@trunkmesh/testkit/mesh/organization.http.js';
import { ROOT, testMesh, type TestMesh } from './mesh.fixture.js';

/** As much of curl as the page uses, because not every machine that runs the tests has it. */
const CURL = `#!/usr/bin/env node
const [, , , , method, url, ...rest] = process.argv;
const headers = {}; let body;
while (rest.length > 0) {
  const [option, value] = rest.splice(0, 2);
  if (option === '-d') body = value;
  else { const [name, text] = value.split(/: (.*)/s); headers[name] = text; }
}
fetch(url, { method, headers, body }).then(async (response) => process.stdout.write(await response.text()));
`;

let test: TestMesh;
let folder: string;
let block: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkmesh-quick-start-'));
  await writeFile(join(folder, 'curl'), CURL);
  await chmod(join(folder, 'curl'), 0o755);
  test = await testMesh();
  await settleOrganization(test.mesh);
  const page = await readFile(join(ROOT, 'docs/quick-start.md'), 'utf8');
  const [, text] = /## A tour of the API[^]*?```bash\n([^]*?)```/.exec(page)!;
  // On the wire a call can only come from the loopback.
  const gateway = process.env['FREESWITCH'] ? '127.0.0.20' : '198.51.100.20';
  block = text!.replaceAll('./.local/mesh.json', test.mesh.fileName).replaceAll('198.51.100.20', gateway);
});
afterAll(async () => {
  await test?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Every line of the block, as a reader's shell prints them. */
async function run(): Promise<{ code: number | null; lines: string[] }> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', block], {
    cwd: ROOT,
    env: {
      ...process.env,
      PATH: [folder, process.env['PATH']].join(delimiter),
      MESH_FILE: test.mesh.fileName,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const code = await new Promise<number | null>((ended) => {
    child.once('close', ended);
  });
  return { code, lines: output.split('\n').filter((line) => line !== '') };
}

describe('the quick start', () => {
  it.each(['first', 'second'])('works word by word, the %s time as well', async () => {
    const { code, lines } = await run();
    expect([code, lines]).toEqual([
      0,
      [
        expect.stringMatching(/^\{"success":true,"message":"All 1 enabled trunks are live/),
        expect.stringMatching(/"verdict":"live"/),
        expect.stringMatching(/"outcome":"route".*"number":"\+15550001234","decided_by":"Diversion"/),
        expect.stringMatching(/^\+15559876543 calls \+15550001234 from /),
        'answered: SIP 200',
        expect.stringMatching(/^ended: the caller talked for 3 s/),
        expect.stringMatching(/^\{"items":\[\{.*"to_number":"\+15550001234"/),
        expect.stringMatching(/"media_url":"wss:\/\/assistants\.example\.com\/stream"/),
        expect.stringMatching(/"media_url":null/),
      ],
    ]);
  });

  it('has its organisation and key in mesh.json without the tour, the same after a second start', async () => {
    const read = async () => JSON.parse(await readFile(test.mesh.fileName, 'utf8')) as Record<string, string | null>;
    const { organizationId, adminKey } = await read();
    expect([organizationId, adminKey]).toEqual([
      expect.stringMatching(/^[\da-f-]{36}$/),
      expect.stringMatching(/^tm_/),
    ]);
    await settleOrganization(test.mesh);
    expect(await read()).toMatchObject({ organizationId, adminKey });
  });
});
