import { signIn, startChromium } from '@trunkmesh/testkit/browser.process.js';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { figure, percentile } from './figure.js';
import { httpLoad } from './http-load.net.js';
import { searchable } from './dashboard-lists.bench.js';
import { listsMesh } from './lists-mesh.process.js';

const OPENINGS = Number(process.env['BENCH_OPENINGS'] ?? 7);
const LIMIT_MS = 1_000;
/** Only views with names that begin with this. */
const ONLY = process.env['BENCH_ONLY'] ?? '';

const ROW = '[role="row"] [role="gridcell"], [role="row"] [role="rowheader"]';
/** Each list view, and what one waits for: the first thing of the list that can be clicked. */
const VIEWS: Readonly<Record<string, [path: string, first: string]>> = {
  overview: ['/', 'a.tile'],
  trunks: ['/trunks', ROW],
  trunks_search: ['/trunks?q=site%2099', ROW],
  numbers: ['/numbers', ROW],
  numbers_search: ['/numbers?q=0047', ROW],
  calls: ['/calls', ROW],
  calls_search: ['/calls?phone=4711', ROW],
  calls_failed: ['/calls?status=failed', ROW],
  usage: ['/usage', 'main a'],
  history: ['/settings/history', 'main li'],
};

/**
 * Each list view of the dashboard in Chromium while the database is large: from the navigation to the first row that
 * can be clicked. Cold: a browser that has never seen the dashboard; warm: one that has its files.
 */
export async function run(print: (line: string) => void): Promise<void> {
  const bench = await listsMesh();
  const browser = await startChromium();
  const load = httpLoad(bench.mesh.file.api, bench.adminKey, 1);
  try {
    await searchable(load);
    const session = await signedIn(browser, bench.mesh.file.api, bench.adminKey);
    for (const [name, [path, first]] of Object.entries(VIEWS)) {
      if (!name.startsWith(ONLY)) continue;
      const times = await opening(browser, session, { path: `/app/o/${bench.organizationId}${path}`, first });
      for (const [state, values] of Object.entries(times)) {
        const value = percentile(values, 0.5);
        const versus = `limit of ${LIMIT_MS} ms; the slowest of ${OPENINGS} ${Math.round(Math.max(...values))} ms`;
        print(figure({ name: `page_${name}_${state}`, value, unit: 'ms', ratio: value / LIMIT_MS, versus }));
      }
    }
  } finally {
    load.close();
    await browser.close();
    await bench.stop();
  }
}

type Session = Awaited<ReturnType<BrowserContext['storageState']>> & { baseURL: string };

async function signedIn(browser: Browser, baseURL: string, key: string): Promise<Session> {
  const context = await browser.newContext({ baseURL });
  await signIn(await context.newPage(), key);
  const state = await context.storageState();
  await context.close();
  return { ...state, baseURL };
}

interface View {
  path: string;
  first: string;
}

async function opening(browser: Browser, { baseURL, ...storageState }: Session, view: View) {
  const times = { cold: [] as number[], warm: [] as number[] };
  for (let nth = 0; nth < OPENINGS; nth += 1) {
    const context = await browser.newContext({ baseURL, storageState, viewport: VIEWPORT });
    times.cold.push(await milliseconds(await context.newPage(), view));
    times.warm.push(await milliseconds(await context.newPage(), view));
    await context.close();
  }
  return times;
}

/** High enough that no first row has to be scrolled to. */
const VIEWPORT = { width: 1280, height: 1600 };

/**
 * Measured in the page, frame by frame: from the navigation's beginning until the pointer would hit it. Playwright
 * itself looks less and less often.
 */
const WATCH = (first: string) => `
  (function look() {
    const at = document.querySelector(${JSON.stringify(first)});
    const box = at?.getBoundingClientRect();
    const hit = box && document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    if (hit && (at.contains(hit) || hit.contains(at))) console.info('first row', performance.now());
    else requestAnimationFrame(look);
  })()`;

async function milliseconds(page: Page, { path, first }: View): Promise<number> {
  await page.addInitScript(WATCH(first));
  const found = page.waitForEvent('console', (message) => message.text().startsWith('first row '));
  await page.goto(path, { waitUntil: 'commit' });
  return Number((await found).text().slice('first row '.length));
}
