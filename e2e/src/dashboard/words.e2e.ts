import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { Browser, Page } from 'playwright-core';
import type { Organization, TestMesh } from '../mesh.fixture.js';
import { ENDED_CALL } from './answers.fixture.js';
import { axeProblems, meshAndBrowser, openViewer, signIn } from './browser.fixture.js';
import { isTooWide, openView } from './views.fixture.js';

let test: TestMesh;
let org: Organization;
let browser: Browser;
let page: Page;

/** Past the moment at which the page of a call in progress asks for its quality again. */
const INTERVAL_MS = 6_000;
/** An hour of 29 November for the browser, in Manila; the organisation's day is the next already. */
const EVENING = '2026-11-29T11:00:00Z';
const ZONE = 'Pacific/Kiritimati';
const TODAY = '2026-11-30';

beforeAll(async () => {
  ({ test, browser } = await meshAndBrowser());
  org = await test.organization('Example Dental');
  await test.operator.patch(`/api/v1/organizations/${org.id}`, { time_zone: ZONE });
  await org.api.post('/api/v1/sip-trunks', { name: 'Office PBX', gateway: '192.0.2.10', register: false });
  page = (await openViewer(browser, test.mesh.file.api)).page;
  await page.goto('/app');
  await signIn(page, org.key);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await test?.stop();
});

async function onEveryScreen(check: () => Promise<void>): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [390, 1280]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      await check();
      const screen = `${colorScheme} ${width}`;
      expect([screen, await isTooWide(page), await axeProblems(page)]).toEqual([screen, false, []]);
    }
}

describe('the page of a call', () => {
  it('has words for each constant, and the constants as the API says them', async () => {
    await page.route(/\/api\/v1\/calls\/CA[^/]*$/, (route) => route.fulfill({ json: ENDED_CALL }));
    await openView(page, `/app/o/${org.id}/calls/${ENDED_CALL.call_sid}`);
    await onEveryScreen(async () => {
      const steps = page.getByRole('listitem');
      await steps.getByText('the call was refused: the trunk requires SRTP, and the caller offers plain RTP').waitFor();
      await steps.getByText('call-rejected: srtp-required', { exact: true }).waitFor();
      await steps.getByText('the carrier refused it').waitFor();
      await steps.getByText('carrier-refused', { exact: true }).waitFor();
      await page.getByText(/^refused: the trunk requires SRTP/).waitFor();
      await page.getByText('srtp-required', { exact: true }).waitFor();
    });
    await page.unrouteAll();
  });
});

describe('recipients of e-mails', () => {
  it('that have unsubscribed are named, with the day, and nothing to press', async () => {
    const [address, at] = ['oncall@example.com', '2026-11-28T10:15:00.000Z'];
    const channel = {
      ...{ id: ENDED_CALL.call_id, kind: 'email', name: 'On call', enabled: true, host: null, recipients: [address] },
      recipient_states: [{ address, state: 'unsubscribed', code_sent_at: at, unsubscribed_at: at }],
      ...{ has_signing_secret: false, created_at: at, updated_at: at },
    };
    await page.route(/\/api\/v1\/notifications\/channels$/, (route) => route.fulfill({ json: [channel] }));
    await openView(page, `/app/o/${org.id}/settings/notifications`);
    await onEveryScreen(() => page.getByText(`${address} unsubscribed on 28 Nov`).waitFor());
    expect(await page.getByRole('button', { name: address }).count()).toBe(0);
    await page.unrouteAll();
  });

  it('see a page of its own for a link that is not known', async () => {
    await page.goto(`/unsubscribe/${'0'.repeat(64)}`);
    await onEveryScreen(() => page.getByRole('heading', { level: 1, name: 'Unknown link' }).waitFor());
    expect(await page.evaluate('getComputedStyle(document.body).maxWidth')).not.toBe('none');
  });
});

describe('the page of a call in progress', () => {
  it('shows the quality so far, and goes on doing so', async () => {
    const ongoing = { ...ENDED_CALL, status: 'ongoing', answered_at: ENDED_CALL.started_at, refusal: null };
    const intervals = [4.5, 2.1, 4.4];
    let asked = 0;
    await page.route(/\/api\/v1\/calls\/CA[^/]*$/, (route) => route.fulfill({ json: { ...ongoing, ended_at: null } }));
    await page.route(/\/api\/v1\/calls\/CA[^/]*\/quality$/, (route) => {
      asked += 1;
      const mos = intervals.slice(0, Math.min(asked, intervals.length) - 1);
      const counts = mos.map(() => 250);
      const course = { interval_seconds: 5, mos, packets_in: counts, flaws: counts, gaps: counts.map(() => 0) };
      return route.fulfill({ json: { call_sid: ongoing.call_sid, quality_course: mos.length === 0 ? null : course } });
    });
    await page.clock.install();
    await openView(page, `/app/o/${org.id}/calls/${ongoing.call_sid}`);
    await page.getByText('The first five seconds after the answer are being measured.').waitFor();
    for (const times of [2, 3]) {
      await page.clock.fastForward(INTERVAL_MS);
      await eventually(() => asked >= times, { message: 'the next interval to be asked for' });
    }
    await page.getByText('The score was lowest from 0:05 to 0:10, 2.1').waitFor();
    expect(asked).toBeGreaterThanOrEqual(3);
    await onEveryScreen(() => page.getByRole('figure').waitFor());
    await page.unrouteAll();
  });
});

describe('the overview', () => {
  it('counts the day of the organisation, which is not that of the browser', async () => {
    await page.clock.setFixedTime(EVENING);
    const asked: string[] = [];
    page.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url());
      const from = searchParams.get('date_from');
      if (from !== null) asked.push(`${pathname} ${searchParams.get('status') ?? 'all'} ${from}`);
    });
    await openView(page, `/app/o/${org.id}`);
    await onEveryScreen(() => page.getByText(`Today is ${TODAY} in ${ZONE}.`).waitFor());
    const wanted = [
      ...['all', 'completed', 'failed'].map((status) => `/api/v1/calls ${status} ${TODAY}`),
      `/api/v1/refused-calls all ${TODAY}`,
    ];
    expect([...new Set(asked)].sort()).toEqual(wanted);
    await page.getByRole('link', { name: 'Answered today' }).click();
    expect(page.url()).toContain(`/calls?status=failed&from=${TODAY}`);
    expect(await page.getByLabel(`From (${ZONE})`).inputValue()).toBe(TODAY);
  });
});
