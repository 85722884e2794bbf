import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ROOT } from '../mesh.fixture.js';

const SOURCE = join(ROOT, 'apps/dashboard/src');
const ROUTE = /<Route path="(\/[^"*]*?)\/?(?:\*\??)?"/g;

/**
 * The paths of the views as the dashboard's own router has them, and the parts of a view those of its page, so that no
 * new one is forgotten.
 */
export async function routesOf(router: 'organization-views' | 'operator-views'): Promise<string[]> {
  const pages = (await readdir(join(SOURCE, 'pages'), { recursive: true })).filter((name) => name.endsWith('.tsx'));
  const files = [`${router}.tsx`, ...(router === 'organization-views' ? pages.map((name) => `pages/${name}`) : [])];
  const sources = await Promise.all(files.map((name) => readFile(join(SOURCE, name), 'utf8')));
  return sources.flatMap((source) => [...source.matchAll(ROUTE)].map(([, path]) => path || '/'));
}

/**
 * Waits for what a view shows, an expression of its document. Asked after each change: a locator soon looks only twice
 * a second, which is most of the time of a test that opens every view.
 */
export const untilShown = (page: Page, expression: string, timeoutMs = 20_000): Promise<void> =>
  page.evaluate(`new Promise((resolve, reject) => {
    const look = () => {
      if (!(${expression})) return;
      observer.disconnect();
      clearTimeout(late);
      resolve();
    };
    const observer = new MutationObserver(look);
    const late = setTimeout(() => {
      observer.disconnect();
      reject(new Error(${JSON.stringify(`not within ${timeoutMs} ms: ${expression}`)}));
    }, ${timeoutMs});
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    look();
  })`);

const HEADING = "document.querySelector('h1')?.checkVisibility()";
const LOADING = "[...document.querySelectorAll('p')].some(({ textContent }) => textContent === 'Loading…')";

/** Opens a view and waits until nothing of it is loading. */
export async function openView(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await untilShown(page, `${HEADING} && !${LOADING}`);
}

const WIDER = 'document.documentElement.scrollWidth - innerWidth';
/** Nothing of the view is reached by scrolling sideways only. */
export const isTooWide = async (page: Page): Promise<boolean> => (await page.evaluate<number>(WIDER)) > 0;

interface Focused {
  name: string;
  isVisible: boolean;
}
const FOCUSED = `(() => {
  const at = document.activeElement;
  if (at === null || at === document.body) return null;
  const box = at.getBoundingClientRect();
  const shown = [at, ...at.querySelectorAll('*'), at.closest('label') ?? at].some((each) => {
    const style = getComputedStyle(each);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  });
  return { name: at.tagName + ' ' + (at.textContent ?? '').slice(0, 40), isVisible: shown && box.width > 0 };
})()`;

/** What Tab reaches from the view's heading, at most `count` places, and where one would not see the focus. */
export async function tabThrough(page: Page, count: number): Promise<{ reached: number; unseen: string[] }> {
  const unseen: string[] = [];
  let reached = 0;
  for (; reached < count; reached += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate<Focused | null>(FOCUSED);
    if (focused === null) break;
    if (!focused.isVisible) unseen.push(focused.name);
  }
  return { reached, unseen };
}

const IMAGES = join(ROOT, 'docs/images');
export const imagePath = (name: string): string => join(IMAGES, `${name}.webp`);

/** Writes the screenshot of a guide, only where SCREENSHOTS is set: pictures differ with every font. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  if (process.env['SCREENSHOTS'] === undefined) return;
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 75 });
  await mkdir(IMAGES, { recursive: true });
  await writeFile(imagePath(name), Buffer.from(data, 'base64'));
  await session.detach();
}
