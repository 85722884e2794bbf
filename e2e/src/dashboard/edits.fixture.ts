import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { Organization, Trunk } from '../mesh.fixture.js';
import { axeProblems } from './browser.fixture.js';

async function removesSecrets({ page, org }: { page: Page; org: Organization }): Promise<void> {
  const settings = { gateway: 'sip.example.com', username: 'u', password: 'a-password-of-this-test' };
  const make = (name: string, register: boolean) =>
    org.api.post<Trunk>('/api/v1/sip-trunks', { ...settings, name, register, enabled: false });
  const [byAddress, registering] = [await make('By address', false), await make('Registering', true)];
  const remove = async ({ id }: Trunk) => {
    await page.goto(`/app/o/${org.id}/trunks/${id}/edit?field=password`);
    await page.getByLabel('Priority').fill('20');
    await page.getByRole('button', { name: 'Remove the stored password' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByRole('button', { name: 'Remove the stored password' }).click();
    return dialog;
  };
  await (await remove(byAddress)).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Remove the stored password' }).waitFor({ state: 'detached' });
  const has = async ({ id }: Trunk) => org.api.get(`/api/v1/sip-trunks/${id}`);
  expect(await has(byAddress)).toMatchObject({ has_password: false, priority: 10 });
  expect(await axeProblems(page)).toEqual([]);
  await page.getByRole('button', { name: 'Save the changes' }).click();
  await page.getByRole('heading', { level: 1, name: 'By address' }).waitFor();
  expect(await has(byAddress)).toMatchObject({ has_password: false, priority: 20 });
  await (await remove(registering)).getByRole('alert').waitFor();
  expect(await axeProblems(page)).toEqual([]);
  expect(await has(registering)).toMatchObject({ has_password: true });
  for (const { id } of [byAddress, registering]) await org.api.delete(`/api/v1/sip-trunks/${id}`);
}

/** What calls of the number send is signed with the organisation's secret again. */
async function removesNumberSecret({ page, org }: { page: Page; org: Organization }): Promise<void> {
  const signing_secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  const number = { phone_number: '+15550108898', friendly_name: 'Signed', signing_secret };
  const { id } = await org.api.post<{ id: string }>('/api/v1/phone-numbers', number);
  const read = () => org.api.get(`/api/v1/phone-numbers/${id}`);
  const remove = { name: 'Remove the stored signing secret' };
  expect(await read()).toMatchObject({ has_signing_secret: true });
  await page.goto(`/app/o/${org.id}/numbers/${id}?field=signing_secret`);
  await page.getByRole('button', remove).click();
  const dialog = page.getByRole('alertdialog');
  await dialog.getByText('is signed with the secret of the organisation').waitFor();
  expect(await axeProblems(page)).toEqual([]);
  expect(await read()).toMatchObject({ has_signing_secret: true });
  await dialog.getByRole('button', remove).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', remove).waitFor({ state: 'detached' });
  expect(await read()).toMatchObject({ has_signing_secret: false, friendly_name: 'Signed' });
  expect(await page.content()).not.toContain(signing_secret);
  await org.api.delete(`/api/v1/phone-numbers/${id}`);
}

async function choosesAnotherCarrier({ page, org }: { page: Page; org: Organization }): Promise<void> {
  const password = page.getByLabel('Password', { exact: true });
  await page.goto(`/app/o/${org.id}/trunks/new?carrier=generic-registration`);
  await password.fill('of-the-first-carrier');
  await page.getByRole('button', { name: 'Back' }).click();
  await page.getByRole('button', { name: /^sipgate/ }).click();
  await page.getByRole('heading', { level: 2, name: /^sipgate/ }).waitFor();
  expect(await password.inputValue()).toBe('');
}

/** The wizard and the forms of a trunk and a number, on a page that is signed in. */
export function editsSettings(of: () => { page: Page; org: Organization }): void {
  it('keeps what was entered in the wizard over a reload, and no secret', async () => {
    const { page, org } = of();
    const entered = new URLSearchParams({ name: 'Carrier', gateway: 'sip.example.com', username: 'u', password: 'p' });
    await page.goto(`/app/o/${org.id}/trunks/new?carrier=generic-registration&step=test&${entered.toString()}`);
    await page.getByText('Enter the password and other secrets again').waitFor();
    const password = page.getByLabel('Password', { exact: true });
    expect([await page.getByLabel('Name', { exact: true }).inputValue(), await password.inputValue()]).toEqual([
      'Carrier',
      '',
    ]);
    await password.pressSequentially('kept-nowhere');
    expect(await password.inputValue()).toBe('kept-nowhere');
    await page.getByRole('button', { name: 'Continue to the test' }).click();
    await page.getByRole('button', { name: 'Test the connection' }).waitFor();
    const kept = await page.evaluate(
      'location.href + JSON.stringify([history.state, {...localStorage}, {...sessionStorage}])',
    );
    expect(kept).not.toContain('kept-nowhere');
    expect(await axeProblems(page)).toEqual([]);
  });

  it('gives the password of one carrier to no other', () => choosesAnotherCarrier(of()));

  it('changes a trunk, and says what to do where somebody else was faster', async () => {
    const { page, org } = of();
    const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', {
      name: 'Branch PBX',
      gateway: '192.0.2.20',
      register: false,
    });
    const read = () => org.api.get(`/api/v1/sip-trunks/${trunk.id}`);
    await page.goto(`/app/o/${org.id}/trunks/${trunk.id}/edit?field=priority`);
    const priority = page.getByLabel('Priority');
    await priority.waitFor();
    expect(await priority.evaluate('document.activeElement.value')).toBe('10');
    expect(await axeProblems(page)).toEqual([]);
    await priority.fill('70000');
    await page.getByRole('button', { name: 'Save the changes' }).click();
    await page.locator('[data-field="priority"]').getByText(/65535/).waitFor();
    await org.api.patch(`/api/v1/sip-trunks/${trunk.id}`, { max_channels: 7 });
    await priority.fill('20');
    await page.getByRole('button', { name: 'Save the changes' }).click();
    await page.getByText('Changed since you opened the form: Calls at once.').waitFor();
    expect(await read()).toMatchObject({ priority: 10, max_channels: 7 });
    expect(await axeProblems(page)).toEqual([]);
    await page.getByRole('button', { name: 'Save my changes on top' }).click();
    await page.getByRole('heading', { level: 1, name: 'Branch PBX' }).waitFor();
    expect(await read()).toMatchObject({ priority: 20, max_channels: 7 });
    await org.api.delete(`/api/v1/sip-trunks/${trunk.id}`);
  });

  it('removes a stored secret after a question, and says why it does not', () => removesSecrets(of()));

  it('removes the signing secret of a number after a question', () => removesNumberSecret(of()));

  it('changes and removes a number', async () => {
    const { page, org } = of();
    const number = { phone_number: '+15550108899', assistant_id: 17 };
    const { id } = await org.api.post<{ id: string }>('/api/v1/phone-numbers', number);
    await page.goto(`/app/o/${org.id}/numbers/${id}?field=flow_id`);
    await page.getByLabel('Flow', { exact: true }).fill('4');
    await page.getByLabel('Assistant', { exact: true }).fill('');
    await page.getByLabel('Record answered calls').selectOption('false');
    expect(await axeProblems(page)).toEqual([]);
    await page.getByRole('button', { name: 'Save the changes' }).click();
    await page.getByText('Saved. New calls use it.').waitFor();
    expect(await org.api.get(`/api/v1/phone-numbers/${id}`)).toMatchObject({
      assistant: null,
      flow: { id: 4 },
      record: false,
    });
    await page.getByRole('button', { name: 'Remove the number' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove the number' }).click();
    await page.getByRole('heading', { level: 1, name: 'Numbers' }).waitFor();
  });
}
