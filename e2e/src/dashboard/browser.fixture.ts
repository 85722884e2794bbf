import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { bothOrNone } from '@trunkmesh/testkit/both-or-none.js';
import { startChromium } from '@trunkmesh/testkit/browser.process.js';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { testMesh, type TestMesh } from '../mesh.fixture.js';

export { signIn } from '@trunkmesh/testkit/browser.process.js';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export interface Viewer {
  page: Page;
  context: BrowserContext;
  /** Requests to other hosts, errors in the console, what the Content-Security-Policy stopped. */
  readonly complaints: string[];
  close(): Promise<void>;
}

/** A name of this host that the browser does not trust as it trusts the loopback. */
export const OTHER_NAME = 'trunkmesh.example.com';

export const startBrowser = (): Promise<Browser> =>
  startChromium([`--host-resolver-rules=MAP ${OTHER_NAME} 127.0.0.1`]);

/** Of a test file: a mesh and a browser. */
export async function meshAndBrowser(
  options?: Parameters<typeof testMesh>[0],
): Promise<{ test: TestMesh; browser: Browser }> {
  const [test, browser] = await bothOrNone(
    { start: () => testMesh(options), stop: (mesh) => mesh.stop() },
    { start: startBrowser, stop: (one) => one.close() },
  );
  return { test, browser };
}

/** A browser profile of its own, which has seen nothing yet. */
export async function openViewer(browser: Browser, base: string, size = { width: 1280, height: 800 }): Promise<Viewer> {
  const context = await browser.newContext({ baseURL: base, viewport: size, timezoneId: 'Asia/Manila' });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    // The browser itself logs every answer that is no success; the views show what it says.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(base) && !/^(data|blob):/.test(request.url())) complaints.push(request.url());
  });
  return { page, context, complaints, close: () => context.close() };
}

export async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
}

interface AxeResult {
  violations: { id: string; help: string; nodes: { html: string }[] }[];
}

/** What axe finds wrong with the view, one line each. */
export async function axeProblems(page: Page): Promise<string[]> {
  // Through the debugger: the Content-Security-Policy allows no other script.
  await page.evaluate(await readFile(AXE, 'utf8'));
  const { violations } = await page.evaluate<AxeResult>("axe.run({ resultTypes: ['violations'] })");
  return violations.map(
    ({ id, help, nodes }) => `${id}: ${help} ${nodes.map(({ html }) => html.slice(0, 160)).join(' ')}`,
  );
}
