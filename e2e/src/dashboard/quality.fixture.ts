import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { axeProblems } from './browser.fixture.js';
import { isTooWide } from './views.fixture.js';

/** Good, then lost packets, then nothing at all, then good again. */
const COURSE = {
  interval_seconds: 5,
  mos: [4.5, 1.1, null, 4.4],
  packets_in: [250, 190, 0, 130],
  flaws: [0, 165, 20, 1],
  gaps: [0, 0, 2, 0],
};
const PHONE = { width: 390, height: 800 };
const WIDE = { width: 1280, height: 800 };

/** Checks the plot, its text and its figures on the page of a call that had a bad connection for a while. */
export async function showsQualityCourse(page: Page, call: RegExp): Promise<void> {
  const over = { status: 'completed', duration_seconds: 17.6, quality_course: COURSE };
  await page.route(call, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...((await response.json()) as object), ...over } });
  });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const size of [PHONE, WIDE]) {
      await page.setViewportSize(size);
      await page.reload();
      const figure = page.getByRole('figure');
      await figure.getByText('The score was lowest from 0:05 to 0:10, 1.1').waitFor();
      await figure.getByText('Figures of each interval').click();
      const silent = figure.getByRole('row').filter({ hasText: '0:10 to 0:15' });
      expect(await silent.getByRole('cell').allTextContents()).toEqual(['no audio', '0', '20', '2']);
      expect(await isTooWide(page)).toBe(false);
      expect(await axeProblems(page)).toEqual([]);
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.unroute(call);
}
