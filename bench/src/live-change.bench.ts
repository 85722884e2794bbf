import { signIn, startChromium } from '@trunkmesh/testkit/browser.process.js';
import { apiClient } from '@trunkmesh/testkit/mesh/api.http.js';
import type { Page } from 'playwright-core';
import { figure, percentile } from './figure.js';
import { listsMesh, type ListsMesh } from './lists-mesh.process.js';

const CHANGES = Number(process.env['BENCH_CHANGES'] ?? 40);
const WARM_UP = 3;
const LIMIT_MS = 1_000;

interface Changing {
  /** The view with the row. */
  view: string;
  path: string;
  /** What the nth change writes, and what the row then shows. */
  body: (name: string) => object;
}

/** The rows that the service itself wrote, where they are in view. */
async function lists({ trunkId, mesh, adminKey }: ListsMesh): Promise<Record<string, Changing>> {
  const api = apiClient(mesh.file.api, adminKey);
  const [number] = await api.get<{ id: string }[]>('/api/v1/phone-numbers?limit=1&phone_number=%2B15550100001');
  return {
    trunk: { view: '/trunks', path: `/api/v1/sip-trunks/${trunkId}`, body: (name) => ({ name, priority: 0 }) },
    number: {
      view: '/numbers?q=%2B15550100001',
      path: `/api/v1/phone-numbers/${number!.id}`,
      body: (friendly_name) => ({ friendly_name }),
    },
  };
}

/**
 * A change over the API until an open page shows it, while the database is large: from the request's first byte to the
 * frame in which the row has changed.
 */
export async function run(print: (line: string) => void): Promise<void> {
  const bench = await listsMesh();
  const browser = await startChromium();
  try {
    const page = await browser.newPage({ baseURL: bench.mesh.file.api, viewport: { width: 1280, height: 1600 } });
    await signIn(page, bench.adminKey);
    for (const [name, changing] of Object.entries(await lists(bench))) {
      const times = await changes(page, bench, changing);
      for (const share of [0.5, 0.99]) {
        const value = percentile(times, share);
        const versus = `limit of ${LIMIT_MS} ms, ${CHANGES} changes`;
        print(figure({ name: `live_${name}_p${share * 100}`, value, unit: 'ms', ratio: value / LIMIT_MS, versus }));
      }
    }
  } finally {
    await browser.close();
    await bench.stop();
  }
}

async function changes(page: Page, bench: ListsMesh, { view, path, body }: Changing): Promise<number[]> {
  const api = apiClient(bench.mesh.file.api, bench.adminKey);
  await page.goto(`/app/o/${bench.organizationId}${view}`);
  await page.getByText('Live', { exact: true }).waitFor();
  const times: number[] = [];
  for (let nth = -WARM_UP; nth < CHANGES; nth += 1) {
    // A trunk of this name is the first of its priority.
    const name = `First ${Date.now()} ${nth + WARM_UP}`;
    const shown = page.waitForEvent('console', (message) => message.text().startsWith('shown '));
    await page.evaluate(WATCH(name));
    const from = performance.timeOrigin + performance.now();
    await api.patch(path, body(name));
    const took = Number((await shown).text().slice('shown '.length)) - from;
    if (nth >= 0) times.push(took);
  }
  return times;
}

/** The page's clock is this process's. */
const WATCH = (text: string) => `
  (function look() {
    const cells = [...document.querySelectorAll('[role="rowheader"], [role="gridcell"]')];
    if (cells.some((cell) => cell.textContent === ${JSON.stringify(text)}))
      console.info('shown', performance.timeOrigin + performance.now());
    else requestAnimationFrame(look);
  })()`;
