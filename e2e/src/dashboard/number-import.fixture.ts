import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { Organization } from '../mesh.fixture.js';
import { axeProblems } from './browser.fixture.js';

const csv = (...lines: string[]) => ({
  name: 'numbers.csv',
  mimeType: 'text/csv',
  buffer: Buffer.from(lines.join('\n')),
});

/** The import of numbers, on a page that is signed in; `trunk` is a name. */
export function importsNumbers(of: () => { page: Page; org: Organization; trunk: string }): void {
  it('imports numbers once the person has seen each line, and its problem', async () => {
    const { page, org, trunk } = of();
    const numbers = () =>
      org.api.get<{ phone_number: string; friendly_name: string | null }[]>('/api/v1/phone-numbers');
    const before = await numbers();
    const head = 'phone_number,friendly_name,sip_trunk';
    const good = `+15550108801,Front desk,${trunk}`;
    await page.getByRole('link', { name: 'Numbers', exact: true }).click();
    await page.getByRole('link', { name: 'Import a CSV' }).click();
    const file = page.getByLabel('CSV file');
    await file.setInputFiles(csv(head, good, '5550108802,,', '+15550108803,,No such trunk'));
    const problems = page.getByRole('list', { name: 'Problems by line' });
    await problems.getByText('must begin with "+"').waitFor();
    expect(await problems.getByRole('listitem').allTextContents()).toEqual([
      expect.stringMatching(/^Line 3 phone_number must begin with/),
      expect.stringMatching(/^Line 4 sip_trunk is not one of your trunks; correct the name/),
    ]);
    await page.getByRole('rowheader', { name: '2', exact: true }).waitFor();
    expect(await page.getByRole('button', { name: /^Import/ }).count()).toBe(0);
    expect(await axeProblems(page)).toEqual([]);
    await file.setInputFiles(csv(head, good));
    await page.getByText('No problem was found. Nothing is changed yet.').waitFor();
    expect(await numbers()).toEqual(before);
    const real = /\/import\?on_duplicate=error$/;
    await page.route(real, (route) => route.abort(), { times: 1 });
    await page.getByRole('button', { name: 'Import 1 number' }).click();
    await page.getByRole('alert').getByText('A change may have been made').waitFor();
    expect(await axeProblems(page)).toEqual([]);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('No problem was found. Nothing is changed yet.').waitFor();
    expect(await numbers()).toEqual(before);
    await page.getByRole('button', { name: 'Import 1 number' }).click();
    await page.getByText('1 added, 0 updated').waitFor();
    expect(await axeProblems(page)).toEqual([]);
    expect(await numbers()).toContainEqual(expect.objectContaining({ friendly_name: 'Front desk' }));
  });
}
