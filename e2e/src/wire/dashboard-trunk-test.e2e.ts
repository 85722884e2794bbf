import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { CallDetail, CallSummary } from '@trunkmesh/contracts/call-log.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { calleeFor, type MeshCallee } from '@trunkmesh/testkit/mesh/callees.net.js';
import type { Browser } from 'playwright-core';
import { axeProblems, openViewer, signIn, startBrowser } from '../dashboard/browser.fixture.js';
import { addNumber, testMesh, untilLive, type Organization, type TestMesh, type Trunk } from '../mesh.fixture.js';

/** The test of a trunk with a call, from its page, at a real FreeSWITCH. Runs where FREESWITCH names a binary. */
const FROM = '+12015550186';
const TO = '+12015550187';

let test: TestMesh;
let org: Organization;
let trunk: Trunk;
let callee: MeshCallee;
let browser: Browser;
beforeAll(async () => {
  test = await testMesh();
  org = await test.organization('Example Dental');
  callee = await calleeFor(test.mesh.bridges[0]!, 6);
  await callee.will({ outcome: 'answer', ringMs: 200 });
  const { gateway } = callee;
  trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', { name: 'Carrier', gateway, register: false });
  await untilLive(org, trunk);
  await addNumber(org, trunk, FROM);
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await test?.stop();
  await callee?.close();
});

const inLog = async () => (await org.api.get<{ items: CallSummary[] }>(`/api/v1/calls?trunk_id=${trunk.id}`)).items;

it('calls the number that was entered, shows the SIP answers, and the call is marked in the call log', async () => {
  const { page, complaints } = await openViewer(browser, test.mesh.file.api);
  await signIn(page, org.key);
  await page.getByRole('link', { name: 'Trunks', exact: true }).click();
  await page.getByRole('rowheader').getByRole('link', { name: 'Carrier' }).click();
  await page.getByLabel('Also call').fill(TO);
  await page.getByLabel('From your number').fill(FROM);
  await page.getByText('Looking for it…').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Test the trunk', exact: true }).click();
  const report = page.getByRole('status', { name: 'Test' });
  await report.getByText('From bridge-1').waitFor({ timeout: 40_000 });
  const call = report.getByRole('listitem').filter({ hasText: `${TO} answered` });
  await call.getByText('(SIP 200)').waitFor();
  expect(await axeProblems(page)).toEqual([]);
  expect(await callee.dialled()).toEqual([TO]);
  await eventually(async () => (await callee.open()) === 0, { message: 'the end of the call at the carrier' });

  const { call_sid } = await eventually(async () => (await inLog()).find(({ ended_at }) => ended_at !== null), {
    timeoutMs: 20_000,
    message: 'the call in the log',
  });
  await page.getByRole('link', { name: 'Calls', exact: true }).click();
  const row = page.getByRole('row').filter({ hasText: TO });
  await row.getByText('trunk test', { exact: true }).waitFor();
  await row.getByRole('link').first().click();
  await page.getByRole('heading', { name: 'Call', exact: true }).waitFor();
  await page.getByText('trunk test', { exact: true }).waitFor();
  await page.getByText('(SIP 200)').waitFor();
  expect(page.url()).toContain(call_sid);
  expect(await org.api.get<CallDetail>(`/api/v1/calls/${call_sid}`)).toMatchObject({
    ...{ trunk_test: true, status: 'completed', bridge_id: 'bridge-1', assistant_id: null, sip_status: 200 },
    attempts: [{ trunk_id: trunk.id, outcome: 'answered', sip_status: 200, ringing: true }],
  });
  expect(complaints).toEqual([]);
}, 120_000);
