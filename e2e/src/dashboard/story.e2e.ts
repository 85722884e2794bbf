import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import type { Browser, Page } from 'playwright-core';
import { ROOT, type Organization, type TestMesh } from '../mesh.fixture.js';
import { axeProblems, meshAndBrowser, openViewer, signIn, signOut, type Viewer } from './browser.fixture.js';
import { imagePath, isTooWide, keepScreenshot, openView, routesOf, tabThrough, untilShown } from './views.fixture.js';

const NUMBER = '+15550100700';
const CALLER = '+15559870007';
const RATE_PLAN = { currency: 'USD', rate_per_minute_micros: 12_500, increments: '60/60' };
const COLUMNS = [
  ['Calling number', 'A'],
  ['Called number', 'B'],
  ['Time of the call', 'Beginn'],
  ['Billed length', 'Sekunden'],
  ['What is billed', 'Betrag'],
  ['Amounts are written', ','],
] as const;
interface Usage {
  groups: { currency: string | null }[];
}

let test: TestMesh;
let org: Organization;
let carrier: MeshCarrier;
let browser: Browser;
let viewer: Viewer;
let page: Page;

beforeAll(async () => {
  ({ test, browser } = await meshAndBrowser());
  [org, carrier] = [await test.organization('Example Dental'), await test.carrier('9301')];
  viewer = await openViewer(browser, test.mesh.file.api);
  ({ page } = viewer);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await test?.stop();
});

const DAY_MS = 86_400_000;
const daysFromNow = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);

const button = (name: string | RegExp) => page.getByRole('button', { name });
const link = (name: string | RegExp) => page.getByRole('link', { name });
const accessible = async () => expect(await axeProblems(page)).toEqual([]);

describe('the first five minutes of an admin', () => {
  it('signs in and finds what to do first', async () => {
    await signIn(page, org.key);
    await link('Connect a carrier or PBX').first().click();
    await page.getByText('Where do your calls come from?').waitFor();
    await accessible();
  });

  it('connects a PBX by its address: tested before it is saved, saved at the last step only', async () => {
    await button(/Another.*by its address/).click();
    await page.getByLabel('Name').fill('Office PBX');
    await page.getByLabel('Gateway', { exact: true }).fill(carrier.gateway);
    await accessible();
    await page.reload();
    expect(await page.getByLabel('Name').inputValue()).toBe('Office PBX');
    await button('Continue to the test').click();
    await button('Test the connection').waitFor();
    expect(await button(/^Save/).count()).toBe(0);
    await page.goBack();
    expect(await page.getByLabel('Gateway', { exact: true }).inputValue()).toBe(carrier.gateway);
    await page.goForward();
    expect(await org.api.get<unknown[]>('/api/v1/sip-trunks')).toEqual([]);
    await button('Test the connection').click();
    await button('Test again').waitFor({ timeout: 60_000 });
    await accessible();
    expect(await org.api.get<unknown[]>('/api/v1/sip-trunks')).toEqual([]);
    // The stand-in answers no OPTIONS: the test cannot say whether the trunk works.
    expect(await button('Save the trunk').isDisabled()).toBe(true);
    await page.getByText('Save it although the test').click();
    await button('Save the trunk').click();
    await page.getByRole('heading', { name: /What to enter at/ }).waitFor();
    expect(await org.api.get('/api/v1/sip-trunks')).toMatchObject([{ name: 'Office PBX', register: false }]);
    await accessible();
  });

  it('adds a number and assigns it', async () => {
    await link('add your numbers').click();
    await page.getByLabel('Phone number').fill(NUMBER);
    await page.getByLabel('Calls come over').fill('Office PBX');
    await page.getByText('Choose one from the list.').waitFor({ state: 'detached' });
    await page.getByLabel('Assistant', { exact: true }).fill('17');
    await button('Add the number').click();
    await page.getByRole('rowheader', { name: NUMBER }).waitFor();
    await accessible();
  });

  it('waits for a test call on the page of the trunk, which is live', async () => {
    await page.getByRole('link', { name: 'Trunks', exact: true }).click();
    await page.getByRole('rowheader').getByRole('link', { name: 'Office PBX' }).click();
    await page.getByText(/^Live on bridge-1/).waitFor();
    await button('Wait for a test call').click();
    await page.getByText('Waiting for your call').waitFor();
    await accessible();
    await eventually(async () => (await carrier.call({ from: CALLER, number: NUMBER, talkMs: 800 })) === 200, {
      timeoutMs: 20_000,
      intervalMs: 500,
      message: 'the call to be answered',
    });
    await link('See the call').first().waitFor();
  });

  it('understands what happened: which source named the number, and which header it was', async () => {
    await page.getByRole('link', { name: 'Calls', exact: true }).click();
    await page.getByLabel('Trunk', { exact: true }).fill('Office PBX');
    await page.waitForURL(/trunk=[\da-f-]{36}/);
    await page.getByLabel('Your number', { exact: true }).fill(NUMBER);
    await page.waitForURL(/number=/);
    const rows = page.getByRole('row');
    await rows.nth(1).getByRole('link').click();
    await page.getByRole('heading', { name: 'Why it took this way' }).waitFor();
    await page.getByText('This decided the call.').waitFor();
    await page.getByRole('heading', { name: 'Captured INVITE' }).waitFor();
    await accessible();
    // A view has a URL that can be shared.
    await page.reload();
    await page.getByText('This decided the call.').waitFor();
  });

  it('reads the messages of the call: by arrow keys, and as a file for Wireshark', async () => {
    const list = page.getByRole('listbox', { name: 'SIP messages' });
    const isSip = /\/api\/v1\/calls\/[^/]+\/sip$/;
    // The bridge sends the last messages up to two seconds after the end of the call.
    await page.route(
      isSip,
      async (route) => {
        const response = await route.fetch();
        const sip = (await response.json()) as { messages: unknown[] };
        await route.fulfill({ response, json: { ...sip, messages: sip.messages.slice(0, 1) } });
      },
      { times: 1 },
    );
    await page.reload();
    await list.getByRole('option').nth(1).waitFor();
    await list.getByRole('option').first().focus();
    await page.keyboard.press('Enter');
    await page
      .getByLabel('Text of the message')
      .getByText(/^INVITE sip:/)
      .waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /^Message 2:/ }).waitFor();
    await accessible();
    const saved = page.waitForEvent('download');
    await button('Download as PCAP').click();
    expect((await saved).suggestedFilename()).toMatch(/^CA[\da-f]{32}\.pcap$/);
  });

  it('sees what the call is charged, in the summary and in the statement of the month', async () => {
    await test.operator.put(`/api/v1/organizations/${org.id}/rate-plans/2026-01-01`, RATE_PLAN);
    await eventually(async () => (await org.api.get<Usage>('/api/v1/usage/summary?by=month')).groups[0]?.currency, {
      timeoutMs: 30_000,
      message: 'the call to be charged',
    });
    await link('Usage').click();
    await page.getByRole('grid', { name: 'Usage by day' }).waitFor();
    await page.getByText('$0.01').first().waitFor();
    await accessible();
    await page.getByRole('combobox', { name: 'By', exact: true }).selectOption('month');
    await page.getByRole('gridcell').or(page.getByRole('rowheader')).getByRole('link').first().click();
    await page.getByRole('heading', { name: 'By trunk' }).waitFor();
    await accessible();
    const [pdf] = await Promise.all([page.waitForEvent('download'), button('Download as PDF').click()]);
    expect(pdf.suggestedFilename()).toMatch(/^usage-.*-provisional\.pdf$/);
  });

  it('compares the bill of the carrier, whose columns it maps', async () => {
    await link('Carrier bills').click();
    await page.getByText("No carrier's bill was compared yet").waitFor();
    const line = `${CALLER};${NUMBER};${new Date().toISOString()};900;0,5`;
    const buffer = Buffer.from(`A;B;Beginn;Sekunden;Betrag\n${line}\n+15559870009${line.slice(CALLER.length)}\n`);
    const file = { name: 'november.csv', mimeType: 'text/csv', buffer };
    await page.getByLabel('List of calls from the carrier').setInputFiles(file);
    for (const [label, column] of COLUMNS)
      await page.getByRole('combobox', { name: label, exact: true }).selectOption(column);
    await page.getByLabel('Name of this format').fill('example');
    await accessible();
    await button('Keep this format').click();
    await page.getByLabel('Times may differ by').fill('3000');
    const [from, to] = [daysFromNow(-1), daysFromNow(1)];
    await page.getByLabel('From (UTC)').fill(from);
    await page.getByLabel('Until (UTC)').fill(to);
    const sent = page.waitForRequest((request) => request.method() === 'POST');
    await button('Upload and compare').click();
    const asked = new URL((await sent).url()).searchParams;
    expect([asked.get('date_from'), asked.get('date_to')]).toEqual([from, to]);
    await page.getByRole('grid', { name: 'Differences' }).waitFor();
    await page.getByRole('rowheader', { name: 'Only theirs: the ledger lacks the call' }).waitFor();
    await page.getByRole('combobox', { name: 'Kind' }).selectOption('duration-differs');
    expect(page.url()).toContain('kind=duration-differs');
    await accessible();
  });

  it('shows nothing of another organisation, whatever URL is opened', async () => {
    const other = await test.organization('Another organisation');
    await page.goto(`/app/o/${other.id}/trunks`);
    await page.getByRole('alert').first().waitFor();
    expect(await page.content()).not.toContain('Another organisation');
  });
});

/** What the guide shows, and the view it is taken of. */
const SCREENSHOTS: Readonly<Record<string, { of: string; card?: string }>> = {
  overview: { of: '/' },
  'connect-a-trunk': { of: '/trunks/new' },
  'trunk-detail': { of: '/trunks/:id' },
  'call-detail': { of: '/calls/:id' },
  'sip-ladder': { of: '/calls/:id', card: 'SIP messages' },
  numbers: { of: '/numbers' },
};
/** These read nothing before one acts. */
const READ_NOTHING: ReadonlySet<string> = new Set(['/route-tester', '/numbers/import']);

describe('every view', () => {
  let views: { route: string; path: string }[];
  beforeAll(async () => {
    const [trunk] = await org.api.get<{ id: string }[]>('/api/v1/sip-trunks');
    const { items } = await org.api.get<{ items: { call_sid: string }[] }>('/api/v1/calls?limit=1');
    const numbers = await org.api.get<{ id: string }[]>('/api/v1/phone-numbers?limit=1');
    const bills = await org.api.get<{ items: { id: string }[] }>('/api/v1/usage/reconciliations');
    const ids: Record<string, string> = {
      '/trunks/:id': trunk!.id,
      '/trunks/:id/edit': trunk!.id,
      '/numbers/:id': numbers[0]!.id,
      '/calls/:id': items[0]!.call_sid,
      '/usage/statements/:month': new Date().toISOString().slice(0, 7),
      '/usage/reconciliations/:id': bills.items[0]!.id,
    };
    views = (await routesOf('organization-views')).map((route) => ({
      route,
      path: `/app/o/${org.id}${route.replace(/:\w+/, (name) => ids[route] ?? name)}`,
    }));
    expect(views.filter(({ path }) => path.includes(':'))).toEqual([]);
    expect(views.length).toBeGreaterThan(7);
    await page.goto(`/app/o/${org.id}`);
  });

  it('shows its data, can be used with the keyboard, and is accessible', async () => {
    for (const { route, path } of views) {
      await openView(page, path);
      expect([route, await page.getByRole('alert').allTextContents()]).toEqual([route, []]);
      expect([route, await axeProblems(page)]).toEqual([route, []]);
      const { reached, unseen } = await tabThrough(page, 6);
      expect([route, reached > 0, unseen]).toEqual([route, true, []]);
    }
  });

  it('fits a telephone, and is readable in the dark', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 390, height: 800 });
    for (const { route, path } of views) {
      await openView(page, path);
      expect([route, await isTooWide(page), await axeProblems(page)]).toEqual([route, false, []]);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('says what to do where the service refuses, fails, or does not answer', async () => {
    const isRead = ({ pathname }: URL) => pathname.startsWith('/api/v1/') && !/users\/me|stream$/.test(pathname);
    const body = (status: number) =>
      JSON.stringify({ title: 'Log unavailable', detail: 'NATS is unreachable. Try again.', status });
    const failure = page.getByRole('alert').first();
    const silent: string[] = [];
    for (const { route, path } of views.filter((view) => !READ_NOTHING.has(view.route))) {
      // What may pass, as 500, is tried again for seconds first: one view shows that for all.
      const status = route === '/' ? 500 : 409;
      await page.route(isRead, (each) =>
        each.fulfill({ status, contentType: 'application/problem+json', body: body(status) }),
      );
      await page.goto(path);
      const shown = untilShown(page, "document.body.textContent.includes('NATS is unreachable.')", 10_000)
        .then(() => failure.filter({ hasText: 'NATS is unreachable.' }).waitFor())
        .then(() => button('Try again').first().waitFor());
      await shown.catch(() => silent.push(route));
      await page.unroute(isRead);
    }
    expect(silent).toEqual([]);
    expect(await axeProblems(page)).toEqual([]);
    await page.route(isRead, (each) => each.abort());
    await page.goto(`/app/o/${org.id}/trunks`);
    await failure.filter({ hasText: 'Check your network connection' }).waitFor();
    await page.unroute(isRead);
    await button('Try again').first().click();
    await link('Office PBX').first().waitFor();
  });

  it('has its picture in the guide, as large as a page may load', async () => {
    const guide = await readFile(join(ROOT, 'docs/guides/dashboard.md'), 'utf8');
    for (const [name, { of, card }] of Object.entries(SCREENSHOTS)) {
      await openView(page, views.find((view) => view.route === of)!.path);
      if (card !== undefined) await page.getByRole('heading', { name: card }).scrollIntoViewIfNeeded();
      if (card !== undefined) await page.getByRole('option').first().click();
      await keepScreenshot(page, name);
      expect([name, (await stat(imagePath(name))).size < 150_000]).toEqual([name, true]);
      expect(guide).toContain(`../images/${name}.webp`);
    }
  });

  it('says what to do next where nothing is there', async () => {
    const empty = await test.organization('Empty');
    await signOut(page);
    await signIn(page, empty.key);
    for (const { route } of views.filter((view) => !view.route.includes(':'))) {
      await openView(page, `/app/o/${empty.id}${route}`);
      expect([route, await page.getByRole('alert').allTextContents()]).toEqual([route, []]);
      expect([route, await axeProblems(page)]).toEqual([route, []]);
    }
  });

  it('of the operator is accessible, also on a telephone', async () => {
    await signOut(page);
    await signIn(page, test.mesh.file.bootstrapKey);
    for (const route of await routesOf('operator-views')) {
      for (const width of [390, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        await openView(page, `/app${route}`);
        expect([route, width, await isTooWide(page), await axeProblems(page)]).toEqual([route, width, false, []]);
      }
    }
    await link('Organisations').click();
    await link('Empty').click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  });

  it('was never stopped by its own policy', () => expect(viewer.complaints).toEqual([]));
});
