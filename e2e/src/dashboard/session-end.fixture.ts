import { expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { Browser, Page, Route } from 'playwright-core';
import type { Organization, TestMesh, Trunk } from '../mesh.fixture.js';
import { axeProblems, openViewer, signIn } from './browser.fixture.js';
import { isTooWide } from './views.fixture.js';

const ENDED = { name: 'Your session has ended' };
const SIZES = [
  { width: 390, height: 800 },
  { width: 1280, height: 800 },
];

/** Whether a passer-by sees anything but the sign-in, and whether it is usable, on each size and colour scheme. */
async function looksRight(page: Page): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const)
    for (const size of SIZES) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(size);
      const covered = await page.evaluate<boolean>(`(() => {
        const overlay = document.querySelector('.overlay.opaque');
        const corners = [[2, 2], [innerWidth - 2, 2], [2, innerHeight - 2], [innerWidth - 2, innerHeight - 2]];
        const isOpaque = !/^rgba|transparent/.test(getComputedStyle(overlay).backgroundColor);
        return isOpaque && corners.every(([x, y]) => overlay.contains(document.elementFromPoint(x, y)));
      })()`);
      expect(covered).toBe(true);
      expect(await isTooWide(page)).toBe(false);
      expect(await axeProblems(page)).toEqual([]);
    }
}

type Of = () => { test: TestMesh; browser: Browser; org: Organization };

/** What happens to a form when the session ends. */
export function outlivesSessions(of: Of): void {
  ignoresLateAnswers(of);

  it('keeps what was entered when a session ends, for whoever signs in again to the same organisation', async () => {
    const { test, browser, org } = of();
    const other = await test.organization('Another practice');
    const settings = { name: 'Edited', gateway: '192.0.2.70', register: false };
    const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', settings);
    const short = { organization_id: org.id, name: 'short-lived', role: 'admin' };
    const { id, key } = await test.operator.post<{ id: string; key: string }>('/api/v1/api-keys', short);
    const { page, complaints, close } = await openViewer(browser, test.mesh.file.api);
    await signIn(page, key, `/app/o/${org.id}/trunks/${trunk.id}/edit`);
    await page.getByText('Live', { exact: true }).waitFor();
    const priority = page.getByLabel('Priority');
    await priority.fill('77');
    await test.operator.delete(`/api/v1/api-keys/${id}`);
    const dialog = page.getByRole('dialog', ENDED);
    await dialog.waitFor();
    await looksRight(page);
    await page.keyboard.press('Escape');
    for (const wrong of ['tm_wrong', other.key]) {
      await dialog.getByLabel('API key').fill(wrong);
      await dialog.getByRole('button', { name: 'Sign in' }).click();
      await dialog.getByRole('alert').waitFor();
      await dialog.getByLabel('API key').fill('');
    }
    await dialog.getByLabel('API key').fill(org.key);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(await priority.inputValue()).toBe('77');
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Save the changes' }).click();
    await page.getByRole('heading', { level: 1, name: 'Edited' }).waitFor();
    expect(await org.api.get(`/api/v1/sip-trunks/${trunk.id}`)).toMatchObject({ priority: 77 });
    expect(complaints).toEqual([]);
    await close();
    await org.api.delete(`/api/v1/sip-trunks/${trunk.id}`);
  });

  it('keeps the page while the service does not answer who is signed in', async () => {
    const { test, browser, org } = of();
    const { page, close } = await openViewer(browser, test.mesh.file.api);
    await signIn(page, org.key, `/app/o/${org.id}/settings/platform`);
    await page.getByLabel('Media stream').fill('wss://kept.example.com');
    let unanswered = 0;
    await page.route('**/api/v1/users/me', (route) => {
      unanswered += 1;
      return route.abort();
    });
    // It is read again after a change of the organisation, and given up after three times.
    await test.operator.patch(`/api/v1/organizations/${org.id}`, { quotas: { parallel_imports: 3 } });
    await eventually(() => unanswered > 2, { timeoutMs: 30_000, message: 'the last attempt' });
    expect(await page.getByLabel('Media stream').inputValue()).toBe('wss://kept.example.com');
    await close();
    await test.operator.patch(`/api/v1/organizations/${org.id}`, { quotas: null });
  });

  it('shows a key of another role a new page', async () => {
    const { test, browser, org } = of();
    const keyOf = (role: string) =>
      test.operator.post<{ key: string }>('/api/v1/api-keys', { organization_id: org.id, name: role, role });
    const { page, context, close } = await openViewer(browser, test.mesh.file.api);
    await signIn(page, org.key, `/app/o/${org.id}/settings/platform`);
    await page.getByLabel('Media stream').fill('wss://not-saved.example.com');
    await context.clearCookies();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const dialog = page.getByRole('dialog', ENDED);
    await dialog.getByLabel('API key').fill((await keyOf('member')).key);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Only an admin of an active organisation').first().waitFor();
    expect(await page.content()).not.toContain('not-saved');
    await close();
  });
}

function ignoresLateAnswers(of: Of): void {
  it('does not ask for another sign-in where an answer for the session before comes late', async () => {
    const { test, browser, org } = of();
    const short = { organization_id: org.id, name: 'short-lived', role: 'admin' };
    const { id, key } = await test.operator.post<{ id: string; key: string }>('/api/v1/api-keys', short);
    const { page, close } = await openViewer(browser, test.mesh.file.api);
    await signIn(page, key, `/app/o/${org.id}/settings/platform`);
    await page.getByText('Live', { exact: true }).waitFor();
    const held: Route[] = [];
    await page.route(`**/api/v1/organizations/${org.id}`, (route) =>
      route.request().method() === 'PATCH' ? void held.push(route) : route.continue(),
    );
    await page.getByLabel('Media stream').fill('wss://kept.example.com');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await eventually(() => held.length > 0, { message: 'the request' });
    await test.operator.delete(`/api/v1/api-keys/${id}`);
    const dialog = page.getByRole('dialog', ENDED);
    await dialog.getByLabel('API key').fill(org.key);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    const problem = { status: 401, title: 'Unauthorized', detail: 'The session before has ended.' };
    await held[0]!.fulfill({ status: 401, contentType: 'application/problem+json', body: JSON.stringify(problem) });
    await page.getByText(problem.detail).first().waitFor();
    expect(await dialog.count()).toBe(0);
    await close();
  });
}
