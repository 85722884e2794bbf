import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { callSubject } from '@trunkmesh/contracts/subjects.js';
import { callEnded, callId } from '@trunkmesh/testkit/call-events.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { Browser, Page } from 'playwright-core';
import { ROOT, type Organization, type TestMesh } from '../mesh.fixture.js';
import { REFUSED } from './answers.fixture.js';
import { axeProblems, openViewer, signIn } from './browser.fixture.js';
import { isTooWide } from './views.fixture.js';

const BRIDGE = 'bridge-of-old';
const SIZES = [
  { width: 390, height: 800 },
  { width: 1280, height: 800 },
];
const GAPS = /\/api\/v1\/usage\/gaps$/;

/** Records of calls that a bridge with this name has numbered. */
async function publish({ test, org, numbers }: { test: TestMesh; org: Organization; numbers: number[] }) {
  const nc = await connect({ servers: test.mesh.file.nats });
  for (const number of numbers) {
    const n = 770_000 + number;
    const event = callEnded(n, { bridge: BRIDGE, number });
    const data = { ...event.data, organization_id: org.id, trunk_id: null };
    await jetstream(nc).publish(callSubject(org.id, callId(n)), JSON.stringify({ ...event, data }));
  }
  await nc.close();
}

const missing = (test: TestMesh, total: number) =>
  eventually(async () => (await test.operator.get<{ total: number }>('/api/v1/usage/gaps')).total === total, {
    timeoutMs: 20_000,
    message: `${total} gaps`,
  });

/** Opens the page again, and waits for what it asks about gaps. */
async function reloaded(page: Page): Promise<number> {
  const answer = page.waitForResponse(GAPS);
  await page.reload();
  await page.getByRole('heading', { name: 'bridge-1' }).waitFor();
  return (await answer).status();
}

const accept = (test: TestMesh, records: string) =>
  promisify(execFile)(
    process.execPath,
    [
      join(ROOT, 'apps/billing-observer/dist/commands/main.js'),
      ...['gaps', '--accept', BRIDGE, records, '--reason', 'disk destroyed', '--by', 'A. Example'],
    ],
    { env: { ...process.env, DATABASE_URL: test.mesh.billingUrl } },
  );

async function isReadable(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const size of SIZES) {
      await page.setViewportSize(size);
      expect([await isTooWide(page), await axeProblems(page)]).toEqual([false, []]);
    }
  }
}

/** The operator's page of the bridges, in a browser of its own. */
export function showsGaps(of: () => { test: TestMesh; browser: Browser }): void {
  it('lists missing call records to the operator alone, until they are accepted or come', async () => {
    const { test, browser } = of();
    const org = await test.organization('Example Legal');
    const { page, complaints, close } = await openViewer(browser, test.mesh.file.api);
    await signIn(page, test.mesh.file.bootstrapKey, '/app/bridges');
    const card = page.getByRole('heading', { name: 'Missing call records' });
    expect([await reloaded(page), await card.count()]).toEqual([200, 0]);

    await publish({ test, org, numbers: [1, 4] });
    await missing(test, 1);
    expect(await reloaded(page)).toBe(200);
    await page.getByText('call records 2 to 3, of calls that ended after').waitFor();
    await page.getByText('The bridge is asked for them again; usage of that time is incomplete').waitFor();
    await isReadable(page);

    await accept(test, '2-3');
    expect(await reloaded(page)).toBe(200);
    await page.getByText('accepted as lost by A. Example: disk destroyed').waitFor();
    await isReadable(page);

    await page.route(GAPS, (route) => route.fulfill({ status: 403, json: REFUSED }));
    expect([await reloaded(page), await card.count(), await page.getByRole('alert').count()]).toEqual([403, 0, 0]);
    await page.unroute(GAPS);
    expect((await org.api.request('GET', '/api/v1/usage/gaps')).status).toBe(403);
    const customer = await openViewer(browser, test.mesh.file.api);
    await signIn(customer.page, org.key, '/app/bridges');
    await customer.page.waitForURL(`/app/o/${org.id}`);
    expect(await customer.page.getByText('call records').count()).toBe(0);
    await customer.close();

    await publish({ test, org, numbers: [2, 3] });
    await missing(test, 0);
    expect([await reloaded(page), await card.count()]).toEqual([200, 0]);
    expect(complaints).toEqual([]);
    await close();
  }, 90_000);
}
