import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { Organization } from '../mesh.fixture.js';
import { axeProblems } from './browser.fixture.js';
import { isTooWide } from './views.fixture.js';

const PHONE = { width: 390, height: 800 };
const WIDE = { width: 1280, height: 800 };

/** The filters of the lists, on a page that is signed in as an admin. */
export function filtersLists(of: () => { page: Page; org: Organization }): void {
  it('says that there is no such trunk, and does not take it for none', async () => {
    const { page, org } = of();
    await page.goto(`/app/o/${org.id}/calls`);
    const trunk = page.getByLabel('Trunk', { exact: true });
    await trunk.fill('No such trunk');
    await page.getByText('There is no trunk “No such trunk”, so none is chosen.').waitFor();
    expect(await trunk.getAttribute('aria-invalid')).toBe('true');
    expect(await axeProblems(page)).toEqual([]);
    await trunk.fill('Office PBX');
    await page.waitForURL(/[?&]trunk=/);
    expect(await trunk.getAttribute('aria-invalid')).toBe('false');
  });

  it('asks what can be chosen once somebody goes to the field, and names what the URL has chosen', async () => {
    const { page, org } = of();
    const [chosen] = await org.api.get<{ id: string; name: string }[]>('/api/v1/sip-trunks?limit=1');
    const asked: string[] = [];
    const note = (request: { url(): string }) => asked.push(new URL(request.url()).pathname);
    page.on('request', note);
    await page.goto(`/app/o/${org.id}/calls?trunk=${chosen!.id}`);
    const trunk = page.getByLabel('Trunk', { exact: true });
    await trunk.and(page.locator(`[value="${chosen!.name}"]`)).waitFor();
    await page
      .getByText(/^No calls|No call is shown/)
      .first()
      .waitFor();
    const [lists, all] = [['/api/v1/sip-trunks', '/api/v1/phone-numbers'], [...asked]];
    expect(lists.filter((path) => all.includes(path))).toEqual([]);
    expect(all.filter((path) => path === '/api/v1/calls')).toHaveLength(1);
    await trunk.focus();
    await page.locator(`datalist option[value="${chosen!.name}"]`).waitFor({ state: 'attached' });
    page.off('request', note);
  });

  it('takes days in the zone of the organisation, which it names', async () => {
    const { page, org } = of();
    await org.api.patch(`/api/v1/organizations/${org.id}`, { time_zone: 'Pacific/Auckland' });
    await page.goto(`/app/o/${org.id}/calls`);
    const asked = page.waitForRequest(/\/api\/v1\/calls\?.*date_from=2026-11-28(?:&|$)/);
    await page.getByLabel('From (Pacific/Auckland)').fill('2026-11-28');
    await asked;
    await org.api.patch(`/api/v1/organizations/${org.id}`, { time_zone: 'UTC' });
  });

  it('shows what the operator changed, or one key', async () => {
    const { page, org } = of();
    await page.goto(`/app/o/${org.id}/settings/history`);
    const by = page.getByRole('combobox', { name: 'By', exact: true });
    await by.selectOption('operator');
    await page.getByText('by the operator').first().waitFor();
    await page
      .getByText(/by the key /)
      .first()
      .waitFor({ state: 'detached' });
    expect(page.url()).toContain('by=operator');
    await by.selectOption('system');
    await page.getByText('by the operator').first().waitFor({ state: 'detached' });
    for (const size of [PHONE, WIDE]) {
      await page.setViewportSize(size);
      expect(await isTooWide(page)).toBe(false);
    }
    expect(await axeProblems(page)).toEqual([]);
  });
}
