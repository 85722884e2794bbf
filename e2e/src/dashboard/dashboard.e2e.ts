import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { ROOT, type Organization, type TestMesh } from '../mesh.fixture.js';
import {
  axeProblems,
  meshAndBrowser,
  openViewer,
  OTHER_NAME,
  signIn,
  signOut,
  type Viewer,
} from './browser.fixture.js';
import { setsCeilings } from './ceilings.fixture.js';
import { outlivesSessions } from './session-end.fixture.js';
import { actsByButtons } from './actions.fixture.js';
import { filtersLists } from './filters.fixture.js';
import { showsGaps } from './gaps.fixture.js';
import { editsSettings } from './edits.fixture.js';
import { importsNumbers } from './number-import.fixture.js';
import { showsRefusedCalls } from './refused.fixture.js';
import { MAIL, unsubscribes } from './unsubscribe.fixture.js';
import { INVITE, REFUSED, REFUSED_CALL } from './answers.fixture.js';

let test: TestMesh;
let org: Organization;
let browser: Browser;
let viewer: Viewer;

beforeAll(async () => {
  ({ test, browser } = await meshAndBrowser({ env: MAIL }));
  org = await test.organization('Example Dental');
  viewer = await openViewer(browser, test.mesh.file.api);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await test?.stop();
});

describe('the dashboard', () => {
  it('loads at most 300 kB, compressed, before its first view', async () => {
    const folder = join(ROOT, 'apps/dashboard/dist/assets');
    const first = (await readdir(folder)).filter((name) => /^(index|overview|page|time)-/.test(name));
    const sizes = await Promise.all(first.map(async (name) => gzipSync(await readFile(join(folder, name))).length));
    expect(first.length).toBeGreaterThan(1);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000);
  });

  it('has a strict policy, files that are cached for ever, and a page that is not', async () => {
    const page = await fetch(`${test.mesh.file.api}/app/anything`);
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const policy = page.headers.get('content-security-policy') ?? '';
    for (const rule of ["default-src 'none'", "script-src 'self';", "connect-src 'self'", "frame-ancestors 'none'"])
      expect(policy).toContain(rule);
    const nonce = /nonce-([^']+)'/.exec(policy)![1]!;
    const html = await page.text();
    expect(html).toContain(nonce);
    const asset = /\/app\/assets\/[\w.-]+\.js/.exec(html)![0];
    const script = await fetch(test.mesh.file.api + asset);
    expect(script.headers.get('cache-control')).toContain('immutable');
    expect((await fetch(`${test.mesh.file.api}/app/assets/..%2findex.html`)).status).toBe(404);
  });

  it('says why a key is refused, signs in with the right one, and is accessible', async () => {
    const { page } = viewer;
    await page.goto('/app');
    await page.getByLabel('API key').fill('tm_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This API key is not known, or it was revoked.').waitFor();
    expect(await axeProblems(page)).toEqual([]);
    await signIn(page, org.key);
    await page.getByRole('heading', { name: 'Connect your first carrier or PBX' }).waitFor();
    expect(await axeProblems(page)).toEqual([]);
    expect(await page.evaluate('document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)')).toBe(
      '{}{}',
    );
  });

  it('reads the files of the first view while the session is still read', async () => {
    const page = await viewer.context.newPage();
    const view = page.waitForRequest(/\/assets\/trunks-[\w-]+\.js$/);
    const list = page.waitForRequest(/\/api\/v1\/sip-trunks\?/);
    await page.route('**/api/v1/users/me', async (route) => {
      await view;
      await route.continue();
    });
    await page.goto(`/app/o/${org.id}/trunks`);
    await list;
    await page.getByRole('heading', { name: 'Trunks', level: 1 }).waitFor();
    expect((await view).isNavigationRequest()).toBe(false);
    await page.close();
  });

  it('asks for the counts of the overview while the session is still read', async () => {
    const page = await viewer.context.newPage();
    const counts = page.waitForRequest(/\/api\/v1\/trunk-states\/counts$/);
    await page.route('**/api/v1/users/me', async (route) => {
      await counts;
      await route.continue();
    });
    await page.goto(`/app/o/${org.id}`);
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    expect((await counts).headers()['x-organization-id']).toBe(org.id);
    await page.close();
  });

  it('says where to open the page where the browser keeps no session', async () => {
    const base = `http://${OTHER_NAME}:${new URL(test.mesh.file.api).port}`;
    const elsewhere = await openViewer(browser, base);
    const { page } = elsewhere;
    await page.goto('/app');
    await page.getByLabel('API key').fill(org.key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('Open this page over https, or on the host itself').waitFor();
    await elsewhere.close();
  });

  it('asks for a key again as soon as the key of the session is revoked', async () => {
    const short = { organization_id: org.id, name: 'short-lived', role: 'member' };
    const { id, key } = await test.operator.post<{ id: string; key: string }>('/api/v1/api-keys', short);
    const idle = await openViewer(browser, test.mesh.file.api);
    await signIn(idle.page, key);
    await idle.page.getByText('Live', { exact: true }).waitFor();
    let asked = 0;
    idle.page.on('request', (request) => (asked += request.url().endsWith('/api/v1/stream') ? 1 : 0));
    await test.operator.delete(`/api/v1/api-keys/${id}`);
    await idle.page.getByLabel('API key').waitFor();
    expect(asked).toBe(0);
    await idle.close();
  });

  it('shows a change within a second, without a reload', async () => {
    const { page } = viewer;
    await page.getByText('Live', { exact: true }).waitFor();
    await org.api.post('/api/v1/sip-trunks', { name: 'Office PBX', gateway: '192.0.2.10', register: false });
    const began = Date.now();
    await page.getByRole('heading', { name: 'Needs attention' }).waitFor();
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(await axeProblems(page)).toEqual([]);
  });

  it('asks before it adds the address of a refused call, and to which trunk', async () => {
    const { page } = viewer;
    const add = { name: `Add the address ${REFUSED_CALL.source_address}` };
    await page.route(/\/refused-calls\?/, (route) => route.fulfill({ json: [REFUSED_CALL] }));
    await page.getByRole('link', { name: 'Calls', exact: true }).click();
    await page.getByRole('button', add).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText('Only if this is your PBX').waitFor();
    expect(await dialog.getByRole('button', add).isDisabled()).toBe(true);
    await dialog.getByLabel('Add it to the trunk').fill('Office PBX');
    await dialog.getByRole('button', add).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('The address was added.').waitFor();
    expect(await page.getByRole('button', add).count()).toBe(0);
    const trunk = { name: 'Office PBX', inbound_addresses: [REFUSED_CALL.source_address] };
    expect(await org.api.get('/api/v1/sip-trunks')).toMatchObject([trunk]);
    expect(await axeProblems(page)).toEqual([]);
    await page.unrouteAll();
  });

  importsNumbers(() => ({ page: viewer.page, org, trunk: 'Office PBX' }));

  editsSettings(() => ({ page: viewer.page, org }));
  filtersLists(() => ({ page: viewer.page, org }));
  showsRefusedCalls(() => ({ page: viewer.page, org, test }));

  it('tests a route from a pasted INVITE, and keeps no password of it in the URL', async () => {
    const { page } = viewer;
    await page.getByRole('link', { name: 'Route tester' }).click();
    await page.getByText('Paste an INVITE or enter the called number').waitFor();
    await page.getByRole('textbox', { name: 'INVITE' }).fill(INVITE);
    await page.getByRole('button', { name: 'Read it and test' }).click();
    await page.getByRole('heading', { name: '2. Which number was called' }).waitFor();
    await page.getByText('not one of your', { exact: false }).or(page.getByText('none of yours')).first().waitFor();
    expect(await axeProblems(page)).toEqual([]);
    const shared = page.url();
    expect(shared).toContain('15550100200');
    expect(shared).not.toContain('secret');
    await page.goto(shared);
    await page.getByRole('heading', { name: 'Decision' }).waitFor();
    await page.getByRole('textbox', { name: 'Headers' }).fill('Authorization: Digest username="100"');
    await page.getByRole('button', { name: 'Test the route' }).click();
    await page.getByText('names neither the called number nor the caller').waitFor();
    expect(page.url()).toBe(shared);
  });

  it('tests an outbound call, check by check, and says why a question is refused', async () => {
    const { page } = viewer;
    await page.getByRole('combobox', { name: 'Test' }).selectOption('outbound');
    await page.getByLabel('From your number').fill('+15550100200');
    await page.getByLabel('To', { exact: true }).fill('+15559870001');
    await page.getByRole('button', { name: 'Test the route' }).click();
    await page.getByRole('heading', { name: '1. What is checked' }).waitFor();
    expect(await axeProblems(page)).toEqual([]);
    await page.goto(`/app/o/${org.id}/route-tester?source=nowhere&to=100`);
    await page.getByText('must be an IPv4 or IPv6 address').first().waitFor();
    expect(await axeProblems(page)).toEqual([]);
  });

  it.each([
    ['/usage', 'No call ended in this time'],
    ['/usage/records', 'No call matches'],
    ['/usage/statements', 'There is no statement yet'],
    ['/usage/carrier-prices', "No carrier's prices are known"],
    ['/usage/reconciliations', "No carrier's bill was compared yet"],
  ])('says on %s what to do where nothing is there, and where the service fails', async (path, empty) => {
    const { page } = viewer;
    await page.goto(`/app/o/${org.id}${path}`);
    await page.getByRole('heading', { name: empty }).waitFor();
    expect(await axeProblems(page)).toEqual([]);
    await page.route(/api\/v1\/usage\//, (route) => route.fulfill({ status: 403, json: REFUSED }));
    await page.reload();
    await page.getByText(REFUSED.detail).first().waitFor();
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).last().click();
    await page.getByRole('heading', { name: empty }).waitFor();
  });

  it('creates a key, shows it once, and revokes it', async () => {
    const { page } = viewer;
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Reception');
    await page.getByRole('button', { name: 'Create the key' }).click();
    await page.getByText('Copy the key Reception now.').waitFor();
    expect(await axeProblems(page)).toEqual([]);
    const key = await page.getByRole('status').getByText(/^tm_/).textContent();
    const mine = { Authorization: `Bearer ${key}` };
    expect((await fetch(`${test.mesh.file.api}/api/v1/sip-trunks`, { headers: mine })).status).toBe(200);
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('button', { name: 'Revoke Reception' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke Reception' }).click();
    await page.getByText('Reception').first().waitFor({ state: 'detached' });
    expect((await fetch(`${test.mesh.file.api}/api/v1/sip-trunks`, { headers: mine })).status).toBe(401);
    expect(await page.content()).not.toContain(key);
  });

  it('sets the URLs of the platform and what may be called, and says which field is wrong', async () => {
    const { page } = viewer;
    const save = page.getByRole('button', { name: 'Save', exact: true });
    await page.getByRole('link', { name: 'Platform' }).click();
    await page.getByLabel('Media stream').fill('ftp://assistant.example.com');
    await save.click();
    await page.getByText('must be a URL that begins with ws:// or wss://').first().waitFor();
    expect(await axeProblems(page)).toEqual([]);
    await page.getByLabel('Media stream').fill('wss://assistant.example.com/media');
    await save.click();
    await page.getByText('Saved. New calls use it.').waitFor();
    await page.getByRole('link', { name: 'Outbound calls' }).click();
    await page.getByRole('textbox', { name: 'Your own country' }).fill('us');
    await page.getByRole('combobox', { name: 'Countries' }).selectOption('these');
    await page.getByLabel('Country codes').fill('de, us');
    await save.click();
    await page.getByText('Saved. New calls use it.').waitFor();
    expect(await axeProblems(page)).toEqual([]);
    expect(await org.api.get(`/api/v1/organizations/${org.id}`)).toMatchObject({
      media_url: 'wss://assistant.example.com/media',
      country: 'US',
      outbound_country_codes: ['DE', 'US'],
    });
  });

  it('adds a channel, says why its test did not arrive, and adds a rule', async () => {
    const { page } = viewer;
    await page.getByRole('link', { name: 'Notifications' }).click();
    await page.getByRole('heading', { name: 'Nobody is notified yet' }).waitFor();
    await page.getByLabel('Name of the channel').fill('Ops');
    await page.getByLabel('URL').fill(`${test.mesh.file.api}/no-such-page`);
    await page.getByRole('button', { name: 'Add the channel' }).click();
    await page.getByText('Copy the signing secret now.').waitFor();
    await page.getByRole('button', { name: 'Test Ops' }).click();
    await page.getByText('The test message did not arrive.').waitFor();
    await page.getByLabel('Name of the rule').fill('Trunk down');
    await page.getByRole('button', { name: 'Add the rule' }).click();
    await page.getByText('A trunk lost its registration (for so many seconds: 60)').waitFor();
    expect(await axeProblems(page)).toEqual([]);
    await page.getByRole('link', { name: 'History' }).click();
    await page.getByRole('combobox', { name: 'What was changed' }).selectOption('notification-rule');
    await page.getByText('of notification rule Trunk down by the key').waitFor();
    expect(page.url()).toContain('kind=notification-rule');
  });

  it('offers a member nothing that only an admin may do, and says why', async () => {
    const { page } = viewer;
    const member = { organization_id: org.id, name: 'member', role: 'member' };
    const { key } = await test.operator.post<{ key: string }>('/api/v1/api-keys', member);
    await signOut(page);
    await signIn(page, key);
    for (const path of ['', '/platform', '/guards', '/notifications', '/history']) {
      await page.goto(`/app/o/${org.id}/settings${path}`);
      await page.getByText('Only an admin of an active organisation').first().waitFor();
      expect(await page.getByRole('main').getByRole('button').count()).toBe(0);
    }
    expect(await axeProblems(page)).toEqual([]);
  });

  outlivesSessions(() => ({ test, browser, org }));
  setsCeilings(() => ({ test, browser, org }));
  actsByButtons(() => ({ test, browser }));
  unsubscribes(() => ({ test, browser, org }));
  showsGaps(() => ({ test, browser }));

  it('asks for nothing from another host, and its policy stops nothing of its own', () =>
    expect(viewer.complaints).toEqual([]));
});
