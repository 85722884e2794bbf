import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startMesh, type Mesh } from '../mesh.fixture.js';
import { startMailbox } from './receivers.fixture.js';
import { unsubscribePage } from './unsubscribe-page.js';

const CHANNELS = '/api/v1/notifications/channels';
const PUBLIC = 'https://trunks.example.com';

let mesh: Mesh;
let mailbox: Awaited<ReturnType<typeof startMailbox>>;
let mine: Awaited<ReturnType<Mesh['organization']>>;
let theirs: Awaited<ReturnType<Mesh['organization']>>;

beforeAll(async () => {
  mailbox = await startMailbox();
  mesh = await startMesh({
    SMTP_URL: mailbox.url,
    SMTP_FROM: 'alerts@example.com',
    PUBLIC_URL: PUBLIC,
    RATE_LIMIT_FAILED_AUTHENTICATIONS: 5,
  });
  [mine, theirs] = [await mesh.organization(), await mesh.organization()];
}, 60_000);
afterAll(async () => {
  await mesh?.stop();
  await mailbox?.stop();
});

/** Without the line breaks of quoted-printable and of long headers. */
const unfolded = (text: string) => text.replace(/=\r\n|\r\n(?=[ \t])/g, '');
const mailsTo = (address: string) => mailbox.mails.filter(({ to }) => to.includes(address));
const linkIn = (text: string) => /https:\/\/trunks\.example\.com(\/unsubscribe\/[\da-f]{64})/.exec(text)![1]!;

async function channel(recipient: string, api = mine.admin): Promise<{ path: string; link: string }> {
  const before = mailsTo(recipient).length;
  const made = await api('POST', CHANNELS, { kind: 'email', name: `Mail ${recipient}`, recipients: [recipient] });
  const mail = await eventually(() => mailsTo(recipient)[before], { message: 'the code' });
  const path = `${CHANNELS}/${made.body.id}`;
  const code = /[A-Z\d]{5}-[A-Z\d]{5}/.exec(mail.text)![0];
  expect((await api('POST', `${path}/recipients/confirm`, { recipient, code })).status).toBe(200);
  return { path, link: linkIn(unfolded(mail.text)) };
}

const open = (link: string, init: RequestInit = {}) => fetch(`${mesh.service.url}${link}`, init);
const ONE_CLICK = {
  method: 'POST',
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  body: 'List-Unsubscribe=One-Click',
};
const stateOf = async (path: string) => (await mine.admin('GET', path)).body.recipient_states[0];

describe('an e-mail of notifications', () => {
  it('has the link of its recipient in the text, and as RFC 8058 says', async () => {
    const { path, link } = await channel('headers@example.com');
    expect((await mine.admin('POST', `${path}/test`)).body.state).toBe('delivered');
    const text = unfolded(mailsTo('headers@example.com').at(-1)!.text);
    expect(text).toContain(`List-Unsubscribe: <${PUBLIC}${link}>`);
    expect(text).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click');
    expect(text.split('\r\n\r\n').slice(1).join()).toContain(link);
  });

  it('goes to each recipient with a link of its own', async () => {
    const [a, b] = [await channel('a@example.com'), await channel('b@example.com')];
    const both = { recipients: ['a@example.com', 'b@example.com'] };
    expect((await mine.admin('PATCH', a.path, both)).status).toBe(200);
    expect((await mine.admin('POST', `${a.path}/test`)).body.state).toBe('delivered');
    const links = ['a', 'b'].map((who) => linkIn(unfolded(mailsTo(`${who}@example.com`).at(-1)!.text)));
    expect(links).toEqual([a.link, b.link]);
    expect(a.link).not.toBe(b.link);
  });
});

describe('an unsubscribe link', () => {
  it('only shows a button when it is opened, under a strict policy', async () => {
    const { path, link } = await channel('looks@example.com');
    const page = await open(link);
    expect([page.status, page.headers.get('Content-Type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers.get('Content-Security-Policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
    );
    expect(page.headers.get('Referrer-Policy')).toBe('no-referrer');
    expect(await page.text()).toContain(`<form method="post" action="${link.slice('/unsubscribe/'.length)}">`);
    expect(await stateOf(path)).toMatchObject({ state: 'confirmed', unsubscribed_at: null });
  });

  it('stops everything for its recipient, until the recipient subscribes again', async () => {
    const recipient = 'stops@example.com';
    const { path, link } = await channel(recipient);
    for (const _twice of [1, 2]) expect((await open(link, ONE_CLICK)).status).toBe(200);
    expect(await stateOf(path)).toMatchObject({ state: 'unsubscribed', unsubscribed_at: expect.any(String) });
    const before = mailsTo(recipient).length;
    expect((await mine.admin('POST', `${path}/test`)).body).toMatchObject({
      state: 'given-up',
      last_error: expect.stringContaining('or has unsubscribed'),
    });
    for (const again of [
      mine.admin('POST', `${path}/recipients/send-code`, { recipient }),
      mine.admin('POST', `${path}/recipients/confirm`, { recipient, code: 'AAAAA-AAAAA' }),
      mine.admin('POST', CHANNELS, { kind: 'email', name: 'Again', recipients: [recipient.toUpperCase()] }),
    ])
      expect(await again).toMatchObject({ status: 409, body: { code: 'recipient-unsubscribed' } });
    const other = await channel('other@example.com');
    expect((await mine.admin('PATCH', other.path, { recipients: [recipient] })).status).toBe(409);
    expect((await mine.admin('PATCH', path, { name: 'Kept' })).status).toBe(200);
    expect(mailsTo(recipient)).toHaveLength(before);
    expect(await (await open(link)).text()).toContain(`action="${link.slice('/unsubscribe/'.length)}/again"`);
    expect((await open(`${link}/again`, { method: 'POST' })).status).toBe(200);
    expect((await mine.admin('POST', `${path}/test`)).body.state).toBe('delivered');
  });

  it('is in the history of the channel, without the address of whoever opened it', async () => {
    const { path, link } = await channel('history@example.com');
    await open(link, ONE_CLICK);
    const query = new URLSearchParams({ entity: 'notification-channel', entity_id: path.slice(CHANNELS.length + 1) });
    const { body } = await mine.admin('GET', `/api/v1/events?${query}`);
    expect(body.items[0]).toMatchObject({
      type: 'NotificationRecipientUnsubscribed',
      actor: { kind: 'system', address: null },
      changes: [{ field: 'history@example.com', before: 'subscribed', after: 'unsubscribed' }],
    });
  });

  it('is about one organisation alone, and no key of another sees or changes anything of it', async () => {
    const recipient = 'two@example.com';
    const { path, link } = await channel(recipient);
    await mesh.service.parts.record.query(
      `update notification_recipients set code_sent_at = now() - interval '2 hours'`,
    );
    const elsewhere = await channel(recipient, theirs.admin);
    expect(elsewhere.link).not.toBe(link);
    await open(link, ONE_CLICK);
    expect((await theirs.admin('POST', `${elsewhere.path}/test`)).body.state).toBe('delivered');
    expect((await theirs.admin('GET', path)).status).toBe(404);
    for (const route of ['send-code', 'confirm'])
      expect((await theirs.admin('POST', `${path}/recipients/${route}`, { recipient, code: 'A' })).status).not.toBe(
        200,
      );
    expect(await stateOf(path)).toMatchObject({ state: 'unsubscribed' });
  });

  it('that nobody has is unknown, and guessing is limited', async () => {
    const wrong = `/unsubscribe/${'0'.repeat(64)}`;
    const statuses: number[] = [];
    for (const path of [wrong, '/unsubscribe/%3Cscript%3E', wrong, wrong, wrong, wrong])
      statuses.push((await open(path, ONE_CLICK)).status);
    expect(statuses).toEqual([404, 404, 404, 404, 404, 429]);
  });

  it('shows what others chose as text', () => {
    const given = {
      address: '"<b>"@example.com',
      organization_name: '<script>alert(1)</script>',
      unsubscribed_at: null,
    };
    const page = unsubscribePage(given, { unsubscribe: '/unsubscribe/1', again: '/unsubscribe/1/again' });
    expect(page).toContain('&quot;&lt;b&gt;&quot;@example.com');
    expect(page).not.toMatch(/<script|<b>/);
  });
});
