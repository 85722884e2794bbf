import { expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Organization, TestMesh } from '../mesh.fixture.js';
import { axeProblems, openViewer, signIn } from './browser.fixture.js';

/** What the operator allows an organisation. */
export function setsCeilings(of: () => { test: TestMesh; browser: Browser; org: Organization }): void {
  it('changes the ceilings that the operator changed, and keeps those of another operator', async () => {
    const { test, browser, org } = of();
    const path = `/api/v1/organizations/${org.id}`;
    const quotas = async () => (await test.operator.get<{ quotas?: object }>(path)).quotas;
    await test.operator.patch(path, { quotas: { numbers: 500 } });
    const { page, close } = await openViewer(browser, test.mesh.file.api);
    await signIn(page, test.mesh.file.bootstrapKey, `/app/o/${org.id}/settings/guards`);
    const trunks = page.getByLabel('Trunks', { exact: true });
    await trunks.fill('many');
    await page.getByRole('button', { name: 'Save the changes' }).click();
    await page
      .locator('[data-field="quotas.trunks"]')
      .getByText(/number/)
      .waitFor();
    expect(await axeProblems(page)).toEqual([]);
    await test.operator.patch(path, { quotas: { numbers: 900, api_keys: 7 } });
    await trunks.fill('50');
    await page.getByRole('button', { name: 'Save the changes' }).click();
    await page.getByText('Changed since you opened the form: Phone numbers, API keys.').waitFor();
    expect(await quotas()).toEqual({ numbers: 900, api_keys: 7 });
    await page.getByRole('button', { name: 'Save my changes on top' }).click();
    await page.getByRole('button', { name: 'Save the changes' }).and(page.locator(':disabled')).waitFor();
    expect(await quotas()).toEqual({ numbers: 900, api_keys: 7, trunks: 50 });
    for (const label of ['Trunks', 'Phone numbers', 'API keys']) await page.getByLabel(label, { exact: true }).fill('');
    await page.getByRole('button', { name: 'Save the changes' }).click();
    await page.getByRole('button', { name: 'Save the changes' }).and(page.locator(':disabled')).waitFor();
    expect(await quotas()).toBeUndefined();
    await close();
  });
}
