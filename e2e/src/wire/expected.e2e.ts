import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { placeLine } from '@trunkmesh/testkit/mesh/lines.net.js';
import { findPassage } from '@trunkmesh/testkit/rtp/passage.js';
import { framesOf, tellingTone, tone } from '@trunkmesh/testkit/rtp/tone.js';
import { addNumber, testMesh, untilLive, type Organization, type TestMesh, type Trunk } from '../mesh.fixture.js';

/** A real FreeSWITCH and a caller from an address that no trunk has. Runs where FREESWITCH names a binary. */
const [TRUNK, STRANGER] = ['127.0.0.83', '127.0.0.84'];
const NUMBER = '+12015550181';

let test: TestMesh;
let assistant: Assistant;
let org: Organization;
let trunk: Trunk;
beforeAll(async () => {
  assistant = await startAssistant();
  test = await testMesh({ env: { MEDIA_URL: assistant.url } });
  org = await test.organization('Example Dental');
  trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', { name: 'PBX', gateway: TRUNK, register: false });
  await untilLive(org, trunk);
  await addNumber(org, trunk, NUMBER);
});
afterAll(async () => {
  await test?.stop();
  await assistant?.stop();
});

interface Report {
  status: string;
  calls: { reason: string | null; source_address: string; add_address: { path: string; body: object } | null }[];
}

const place = () => placeLine(test.mesh.bridges[0]!, { gateway: STRANGER }, { from: '+12015550182', number: NUMBER });

it('a refused call is shown, one request adds its address, and the next call hears itself', async () => {
  const path = `/api/v1/sip-trunks/${trunk.id}/expect-call`;
  const report = () => org.api.get<Report>(path);
  await org.api.post(path);
  expect((await place()).status).toBe(403);
  const refused = await eventually(async () => (await report()).calls[0], {
    timeoutMs: 15_000,
    message: 'the refused call',
  });
  expect(refused).toMatchObject({ reason: 'source-not-allowed', source_address: STRANGER });
  await org.api.post(refused.add_address!.path, refused.add_address!.body);
  const line = await eventually(
    async () => {
      const placed = await place();
      return placed.status === 200 && placed;
    },
    { timeoutMs: 15_000, message: 'the address to be allowed' },
  );
  const said = tone(tellingTone(0), 50);
  await eventually(async () => (await line.heard()).length > 120, { message: 'the greeting to be over' });
  await line.say(said);
  await eventually(async () => findPassage(framesOf(said), await line.heard()).lost === 0, { message: 'the echo' });
  await line.hangUp();
  expect(assistant.connections).toEqual([]);
  await eventually(async () => (await report()).status === 'accepted', { message: 'the accepted call' });
}, 90_000);
