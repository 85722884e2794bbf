import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { ROOT, testMesh, type Organization, type TestMesh } from '../mesh.fixture.js';
import { axeProblems, openViewer, signIn, startBrowser, type Viewer } from './browser.fixture.js';

let test: TestMesh;
let org: Organization;
let browser: Browser;
let viewer: Viewer;

beforeAll(async () => {
  [test, browser] = await Promise.all([testMesh(), startBrowser()]);
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

  it('shows a change within a second, without a reload', async () => {
    const { page } = viewer;
    await page.getByText('Live', { exact: true }).waitFor();
    await org.api.post('/api/v1/sip-trunks', { name: 'Office PBX', gateway: '192.0.2.10', register: false });
    const began = Date.now();
    await page.getByRole('heading', { name: 'Needs attention' }).waitFor();
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(await axeProblems(page)).toEqual([]);
  });

  it('asks for nothing from another host, and its policy stops nothing of its own', () =>
    expect(viewer.complaints).toEqual([]));
});
