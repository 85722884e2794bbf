import { expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Organization, TestMesh } from '../mesh.fixture.js';
import { axeProblems, openViewer } from './browser.fixture.js';
import { isTooWide, tabThrough } from './views.fixture.js';

/** What lets an e-mail channel be made; nothing is delivered. */
export const MAIL = {
  SMTP_URL: 'smtp://127.0.0.1:1',
  SMTP_FROM: 'alerts@example.com',
  PUBLIC_URL: 'https://trunks.example.com',
};
const RECIPIENT = 'a.recipient.with.a.long.name@a-very-long-subdomain.of-a-practice.example.com';
const SIZES = [
  { width: 390, height: 800 },
  { width: 1280, height: 800 },
];

interface Channel {
  id: string;
  recipient_states: { state: string; unsubscribed_at: string | null }[];
}

/** The page that an e-mail's link opens, by the keyboard alone. */
export function unsubscribes(of: () => { test: TestMesh; browser: Browser; org: Organization }): void {
  it('lets a recipient unsubscribe and subscribe again, without a session', async () => {
    const { test, browser, org } = of();
    const email = { kind: 'email', name: 'By e-mail', recipients: [RECIPIENT] };
    const { id } = await org.api.post<Channel>('/api/v1/notifications/channels', email);
    const unsubscribedAt = async () =>
      (await org.api.get<Channel>(`/api/v1/notifications/channels/${id}`)).recipient_states[0]!.unsubscribed_at;
    const [row] = await test.record<{ token: string }>(
      'select unsubscribe_token as token from notification_recipients where address = $1',
      [RECIPIENT],
    );
    const { page, complaints, close } = await openViewer(browser, test.mesh.file.api);
    await page.goto(`/unsubscribe/${row!.token}`);
    const press = async (button: string, then: string) => {
      await page.getByRole('button', { name: button }).waitFor();
      for (const colorScheme of ['dark', 'light'] as const)
        for (const size of SIZES) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize(size);
          expect(await axeProblems(page)).toEqual([]);
          expect(await isTooWide(page)).toBe(false);
        }
      expect(await tabThrough(page, 1)).toEqual({ reached: 1, unseen: [] });
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: then, exact: true }).waitFor();
    };
    expect(await unsubscribedAt()).toBeNull();
    await press('Unsubscribe', 'Unsubscribed');
    expect(await unsubscribedAt()).not.toBeNull();
    await press('Subscribe again', 'Unsubscribe');
    expect(await unsubscribedAt()).toBeNull();
    await press('Unsubscribe', 'Unsubscribed');
    await page.goto(`/unsubscribe/${'0'.repeat(64)}`);
    await page.getByText('This unsubscribe link is not known.').waitFor();
    expect(await axeProblems(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
    await org.api.delete(`/api/v1/notifications/channels/${id}`);
  });
}
