import { expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { calleeFor, type MeshCallee } from '@trunkmesh/testkit/mesh/callees.net.js';
import type { Browser, Page } from 'playwright-core';
import { addNumber, untilLive, type Organization, type TestMesh, type Trunk } from '../mesh.fixture.js';
import { axeProblems, openViewer, signIn } from './browser.fixture.js';
import { showsQualityCourse } from './quality.fixture.js';

const FROM = '+15550108600';
const OTHERS = ['+15550108601', '+15550108602'];
const TO = '+15559870860';
const TRANSFERRED_TO = '+15559870861';
const CALL = /\/api\/v1\/calls\/CA[\da-f]{32}$/;
const NO_CALL = { title: 'Not found', detail: 'There is no such call.', status: 404 };

interface OfNumber {
  id: string;
  phone_number: string;
  sip_trunk_id: string;
  assistant: { id: number };
}
interface Acting {
  page: Page;
  org: Organization;
  trunk: Trunk;
  callee: MeshCallee;
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

async function confirm(page: Page, name: string): Promise<void> {
  await button(page, name).click();
  const dialog = page.getByRole('alertdialog');
  await dialog.getByRole('button', { name, exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}

/** Routing follows the events. */
const untilCallable = (org: Organization) =>
  eventually(
    async () =>
      (
        await org.api.post<{ decision: { outcome: string } }>('/api/v1/routes/explain', {
          direction: 'outbound',
          from_phone_number: FROM,
          to_phone_number: TO,
        })
      ).decision.outcome === 'call',
    { timeoutMs: 20_000, message: 'the number to be known' },
  );

async function startCall(page: Page): Promise<void> {
  await page.getByLabel('From your number').fill(FROM);
  await page.getByLabel('To', { exact: true }).first().fill(TO);
  // As whoever is used to icons: one call all the same.
  await button(page, 'Call').dblclick();
}

async function transfersCall({ page, org, callee }: Acting): Promise<void> {
  await page.goto(`/app/o/${org.id}/calls`);
  await startCall(page);
  await eventually(async () => (await callee.open()) === 1, { message: 'the call to be up' });
  await page.getByLabel('Transfer to').fill('nobody');
  await button(page, 'Transfer').click();
  await page.getByRole('alert').getByText('must be a number in E.164').waitFor();
  expect(await axeProblems(page)).toEqual([]);
  expect(await callee.open()).toBe(1);
  await page.getByLabel('Transfer to').fill(TRANSFERRED_TO);
  await button(page, 'Transfer').click();
  await page.getByText('Transferred to', { exact: true }).waitFor();
  await eventually(async () => (await callee.open()) === 0, { message: 'the call to be over here' });
  const sid = /CA[\da-f]{32}/.exec(page.url())![0];
  const target = `sip:${TRANSFERRED_TO}@${callee.gateway}`;
  expect(await org.api.get(`/api/v1/calls/${sid}`)).toMatchObject({ transfer: { outcome: 'transferred', target } });
  expect(await page.getByRole('alert').count()).toBe(0);
}

async function testsTrunk({ page, org, trunk }: Acting): Promise<void> {
  const isEnabled = async () => (await org.api.get<Trunk>(`/api/v1/sip-trunks/${trunk.id}`)).enabled;
  await page.goto(`/app/o/${org.id}/trunks/${trunk.id}`);
  await button(page, 'Test the trunk').click();
  const report = page.getByRole('status', { name: 'Test' });
  await report.getByText('From bridge-1').waitFor({ timeout: 40_000 });
  await page.getByLabel('Also call').fill(TO);
  await button(page, 'Test the trunk').click();
  await page.getByRole('alert').getByText('The request cannot be accepted: from is required').waitFor();
  await page.getByLabel('From your number').fill(FROM);
  await page.getByText('Looking for it…').waitFor({ state: 'detached' });
  const asked = page.waitForRequest((request) => request.url().endsWith('/test'));
  await button(page, 'Test the trunk').click();
  expect((await asked).postDataJSON()).toEqual({ number: TO, from: FROM });
  await report.getByText('From bridge-1').waitFor({ timeout: 40_000 });
  await report.getByText('call', { exact: true }).waitFor();
  expect(await axeProblems(page)).toEqual([]);
  await button(page, 'Disable').click();
  await button(page, 'Enable').waitFor();
  expect(await isEnabled()).toBe(false);
  await button(page, 'Enable').click();
  await button(page, 'Disable').waitFor();
  expect(await isEnabled()).toBe(true);
}

async function assignsNumbers({ page, org, trunk, callee }: Acting): Promise<void> {
  for (const phone_number of OTHERS) await org.api.post('/api/v1/phone-numbers', { phone_number });
  await page.goto(`/app/o/${org.id}/numbers`);
  for (const [index, number] of OTHERS.entries()) {
    await page.getByRole('row').filter({ hasText: number }).getByRole('checkbox').click({ force: true });
    // The first one moves the list down.
    await page.getByRole('heading', { name: `Assign ${index + 1} selected` }).waitFor();
  }
  await page.getByLabel('To the assistant').fill('no. 21');
  await button(page, 'Assign').click();
  await page.getByRole('alert').getByText('assistant_id').first().waitFor();
  const sent: unknown[] = [];
  page.on('request', (request) => request.method() === 'PATCH' && sent.push(request.postDataJSON()));
  await page.getByLabel('To the trunk').fill('No carrier');
  await page.getByLabel('To the assistant').fill('21');
  await page.getByText('There is no trunk “No carrier”').waitFor();
  await button(page, 'Assign').click();
  await page.getByLabel('To the trunk').fill('Carrier');
  await page.getByText('Looking for it…').waitFor({ state: 'detached' });
  await button(page, 'Assign').click();
  await page.getByRole('heading', { name: 'Assign 2 selected' }).waitFor({ state: 'detached' });
  const change = { sip_trunk_id: trunk.id, assistant_id: 21 };
  expect(sent).toEqual([change, change]);
  const numbers = await org.api.get<OfNumber[]>('/api/v1/phone-numbers');
  const assigned = numbers.filter(({ phone_number }) => OTHERS.includes(phone_number));
  const wanted = [trunk.id, 21];
  expect(assigned.map(({ sip_trunk_id, assistant }) => [sip_trunk_id, assistant.id])).toEqual([wanted, wanted]);
  await page.goto(`/app/o/${org.id}/trunks/${trunk.id}`);
  await button(page, 'Delete trunk').click();
  const dialog = page.getByRole('alertdialog');
  await dialog.getByRole('button', { name: 'Delete trunk' }).click();
  await dialog
    .getByRole('alert')
    .getByText('It still has 2 numbers')
    .or(dialog.getByText('It still has 3 numbers'))
    .waitFor();
  expect(await dialog.textContent()).not.toContain('force');
  expect(await axeProblems(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Keep it' }).click();
  for (const { id } of numbers) await org.api.delete(`/api/v1/phone-numbers/${id}`);
  await confirm(page, 'Delete trunk');
  await page.getByRole('heading', { level: 1, name: 'Trunks' }).waitFor();
  expect((await org.api.request('GET', `/api/v1/sip-trunks/${trunk.id}`)).status).toBe(404);
  await page.context().close();
  await callee.close();
}

async function drainsBridge({ test, browser }: { test: TestMesh; browser: Browser }): Promise<void> {
  const { page, complaints, close } = await openViewer(browser, test.mesh.file.api);
  await signIn(page, test.mesh.file.bootstrapKey, '/app/bridges');
  await confirm(page, 'Drain bridge-1');
  await button(page, 'Return bridge-1 to service').waitFor();
  await confirm(page, 'Return bridge-1 to service');
  await button(page, 'Drain bridge-1').waitFor();
  expect(complaints).toEqual([]);
  await close();
}

/** What an admin and the operator do by a button, in a browser of their own. */
export function actsByButtons(of: () => { test: TestMesh; browser: Browser }): void {
  let acting: Acting;
  it('starts a call, finds it in the log when it is there, and hangs it up', async () => {
    const { test, browser } = of();
    const { page } = await openViewer(browser, test.mesh.file.api);
    const org = await test.organization('Example Motors');
    const callee = await calleeFor(test.mesh.bridges[0]!, 7);
    const settings = { name: 'Carrier', gateway: callee.gateway, register: false };
    const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', settings);
    acting = { page, org, trunk, callee };
    await untilLive(org, trunk);
    await addNumber(org, trunk, FROM);
    await untilCallable(org);
    await signIn(page, org.key, `/app/o/${org.id}/calls`);
    await page.route(CALL, (route) => route.fulfill({ status: 404, json: NO_CALL }), { times: 1 });
    const placed: unknown[] = [];
    page.on('request', (request) => request.method() === 'POST' && placed.push(request.postDataJSON()));
    await startCall(page);
    const alert = page.getByRole('alert');
    await alert.or(button(page, 'Hang up')).first().waitFor();
    expect(await alert.allTextContents()).toEqual([]);
    expect(await axeProblems(page)).toEqual([]);
    await eventually(async () => (await callee.open()) === 1, { message: 'the call to be up' });
    expect(placed).toEqual([{ from_phone_number: FROM, to_phone_number: TO }]);
    await confirm(page, 'Hang up');
    await eventually(async () => (await callee.open()) === 0, { message: 'the call to be over' });
    await button(page, 'Hang up').waitFor({ state: 'detached' });
  }, 60_000);

  it('shows how the audio quality changed during the call', () => showsQualityCourse(acting.page, CALL), 60_000);

  it('transfers a call, and says why it does not', () => transfersCall(acting), 60_000);

  it('tests, disables and enables a trunk', () => testsTrunk(acting), 60_000);

  it('assigns several numbers at once, and says why their trunk is not deleted', () => assignsNumbers(acting), 60_000);

  it('drains a bridge, and returns it to service', () => drainsBridge(of()), 60_000);
}
