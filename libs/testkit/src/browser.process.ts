import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

/** The distribution's Chromium, or the one that CHROMIUM names. */
function binary(): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin'];
  const found = folders.map((folder) => join(folder, 'chromium')).find((path) => existsSync(path));
  const path = process.env['CHROMIUM'] ?? found;
  if (path === undefined) throw new Error('Chromium is not installed. Install it, or name it in CHROMIUM.');
  return path;
}

export const startChromium = (args: readonly string[] = []): Promise<Browser> =>
  chromium.launch({ executablePath: binary(), args: ['--no-sandbox', '--disable-dev-shm-usage', ...args] });

/** Through the sign-in page, as people do. */
export async function signIn(page: Page, key: string, path = '/app'): Promise<void> {
  await page.goto(path);
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}
