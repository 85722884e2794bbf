import type { LinkedRecipient } from './unsubscribe.pg.js';

const STYLE =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem;overflow-wrap:anywhere}' +
  'button{font:inherit;padding:.5rem 1rem}';

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (each) => ESCAPES[each]!);

const page = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>` +
  '<meta name="viewport" content="width=device-width, initial-scale=1">' +
  '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">' +
  `<style>${STYLE}</style></head><body><main><h1>${title}</h1>${body}</main></body></html>`;

const form = (action: string, button: string): string =>
  `<form method="post" action="${escaped(action)}"><button type="submit">${button}</button></form>`;

/** The style is the only thing that the policy allows: by its hash. */
export const PAGE_STYLE = STYLE;

export const UNKNOWN_PAGE = page(
  'Unknown link',
  '<p>This unsubscribe link is not known. Copy the whole link from the e-mail.</p>',
);

interface Paths {
  unsubscribe: string;
  again: string;
}

/** What the recipient gets, and the button that changes it. */
export function unsubscribePage(
  { address, organization_name, unsubscribed_at }: Omit<LinkedRecipient, 'organization_id'>,
  paths: Paths,
): string {
  const who = `<strong>${escaped(address)}</strong>`;
  const organization = `the organisation <strong>${escaped(organization_name)}</strong>`;
  return unsubscribed_at === null
    ? page(
        'Unsubscribe',
        `<p>${who} gets notifications about telephone trunks from ${organization}.</p>` +
          form(paths.unsubscribe, 'Unsubscribe'),
      )
    : page(
        'Unsubscribed',
        `<p>${who} gets no more e-mail from ${organization}.</p>` + form(paths.again, 'Subscribe again'),
      );
}
