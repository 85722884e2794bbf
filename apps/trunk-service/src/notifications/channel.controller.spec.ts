import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { open } from '@trunkmesh/runtime/key-ring.js';
import { rotateKeys } from '../commands/rotate-keys.pg.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startMesh, type Mesh } from '../mesh.fixture.js';
import { startMailbox, startReceiver } from './receivers.fixture.js';

const CHANNELS = '/api/v1/notifications/channels';
const RULES = '/api/v1/notifications/rules';
const DELIVERIES = '/api/v1/notifications/deliveries';

let mesh: Mesh;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let mailbox: Awaited<ReturnType<typeof startMailbox>>;
let mine: Awaited<ReturnType<Mesh['organization']>>;
let theirs: Awaited<ReturnType<Mesh['organization']>>;

beforeAll(async () => {
  receiver = await startReceiver(({ path }) => (path.startsWith('/status/') ? Number(path.slice(8)) : 204));
  mailbox = await startMailbox();
  mesh = await startMesh({
    ALLOW_PRIVATE_GATEWAYS: true,
    SMTP_URL: mailbox.url,
    SMTP_FROM: 'TrunkMesh <alerts@example.com>',
    PUBLIC_URL: 'https://trunks.example.com',
  });
  [mine, theirs] = [await mesh.organization(), await mesh.organization()];
}, 60_000);
afterAll(async () => {
  await mesh?.stop();
  await receiver?.stop();
  await mailbox?.stop();
});

let names = 0;
const webhook = (over: object = {}) => ({
  kind: 'webhook',
  name: `Hook ${(names += 1)}`,
  url: `${receiver.url}/hook?token=a-secret-of-the-url`,
  ...over,
});
const create = async (body: object, api = mine.admin) => (await api('POST', CHANNELS, body)).body;

const mailsTo = (address: string) =>
  mailbox.mails.filter(({ to }) => to.some((each) => each.toLowerCase() === address.toLowerCase()));
const codeFor = (address: string): Promise<string> =>
  eventually(() => /[A-Z\d]{5}-[A-Z\d]{5}/.exec(mailsTo(address).at(-1)?.text ?? '')?.[0], { message: 'the code' });

describe('channels', () => {
  it('keep the URL and the secret to themselves: the secret is shown once', async () => {
    const key = { 'Idempotency-Key': 'channel-once' };
    const body = webhook();
    const made = await mine.admin('POST', CHANNELS, body, key);
    expect(made).toMatchObject({ status: 201, body: { kind: 'webhook', has_signing_secret: true, enabled: true } });
    expect(made.body.signing_secret).toMatch(/^whsec_/);
    expect(made.body.host).toBe(new URL(receiver.url).host);
    expect((await mine.admin('POST', CHANNELS, body, key)).body).toEqual({ ...made.body, signing_secret: null });
    const read = await mine.admin('GET', made.headers.get('Location')!);
    expect(read.body).not.toHaveProperty('signing_secret');
    const [row] = await mesh.service.parts.record.query<{ text: string }>(
      'select row::text as text from notification_channels as row where id = $1',
      [made.body.id],
    );
    for (const text of [JSON.stringify(read.body), JSON.stringify((await mine.admin('GET', CHANNELS)).body), row!.text])
      for (const secret of ['a-secret-of-the-url', made.body.signing_secret]) expect(text).not.toContain(secret);
    const renewed = await mine.admin('PATCH', `${CHANNELS}/${made.body.id}`, { signing_secret: null });
    expect(renewed.body.signing_secret).toMatch(/^whsec_/);
    expect(renewed.body.signing_secret).not.toBe(made.body.signing_secret);
  });

  it('are tested with one attempt, signed by Standard Webhooks', async () => {
    const made = await create(webhook());
    const tested = await mine.admin('POST', `${CHANNELS}/${made.id}/test`);
    expect(tested).toMatchObject({ status: 200, body: { state: 'delivered', attempts: 1, last_error: null } });
    const { text, headers } = receiver.posts.at(-1)!;
    expect(headers['webhook-id']).toBe(tested.body.id);
    const verified = new Webhook(made.signing_secret).verify(text, headers as Record<string, string>);
    expect(verified).toMatchObject({ type: 'notification.test', data: { state: 'test', organization_id: mine.id } });
    expect(tested.body.message).toEqual(verified);
  });

  it.each([
    [500, 'the receiver answered 500'],
    [410, 'the receiver answered 410'],
    [302, 'the receiver answered 302'],
  ])('say when the receiver answers %d, and follow no redirect', async (status, error) => {
    const made = await create(webhook({ url: `${receiver.url}/status/${status}` }));
    const before = receiver.posts.length;
    const { body } = await mine.admin('POST', `${CHANNELS}/${made.id}/test`);
    expect(body).toMatchObject({ state: 'given-up', last_error: error, next_attempt_at: null });
    expect(receiver.posts).toHaveLength(before + 1);
  });

  it('write to Slack without markup of others', async () => {
    const made = await create({ kind: 'slack', name: '<http://example.com|click>', url: `${receiver.url}/slack` });
    expect(made).toMatchObject({ kind: 'slack', has_signing_secret: false, signing_secret: null });
    expect((await mine.admin('POST', `${CHANNELS}/${made.id}/test`)).body.state).toBe('delivered');
    const { path, text, headers } = receiver.posts.at(-1)!;
    expect(path).toBe('/slack');
    expect(headers).not.toHaveProperty('webhook-signature');
    expect(JSON.parse(text)).toEqual({
      text: '*Test message*\nThis is a test of the channel "&lt;http://example.com|click&gt;". Nothing happened.',
    });
  });

  it('send e-mail through the mail server of the operator, to recipients that have confirmed alone', async () => {
    const [a, b] = ['a@example.com', 'B@example.com'];
    const made = await create({ kind: 'email', name: 'Mail', recipients: [a, b] });
    expect(made.recipient_states.map(({ state }: { state: string }) => state)).toEqual([
      'code-waiting',
      'code-waiting',
    ]);
    const path = `${CHANNELS}/${made.id}`;
    expect((await theirs.admin('POST', `${path}/test`)).status).toBe(404);
    expect((await mine.admin('POST', `${path}/test`)).body).toMatchObject({
      state: 'given-up',
      last_error: expect.stringContaining('every recipient has still to confirm its address'),
    });
    const code = await codeFor(b);
    for (const api of [theirs.admin, mine.member])
      expect((await api('POST', `${path}/recipients/confirm`, { recipient: b, code })).status).not.toBe(200);
    for (const wrong of [
      { recipient: a, code },
      { recipient: b, code: 'AAAAA-AAAAA' },
      { recipient: 'c@example.com', code },
    ])
      expect((await mine.admin('POST', `${path}/recipients/confirm`, wrong)).status).toBe(400);
    const confirmed = await mine.admin('POST', `${path}/recipients/confirm`, {
      recipient: b,
      code: code.toLowerCase(),
    });
    expect(confirmed).toMatchObject({
      status: 200,
      body: {
        recipient_states: [
          { address: a, state: 'code-sent' },
          { address: b, state: 'confirmed' },
        ],
      },
    });
    const { body } = await mine.admin('POST', `${path}/test`);
    expect(body).toMatchObject({ state: 'delivered' });
    const mail = mailbox.mails.at(-1)!;
    expect(mail).toMatchObject({ from: 'alerts@example.com', to: [b] });
    expect(mail.text).toContain('Subject: [TrunkMesh] Test message');
    expect(mail.text).toMatch(new RegExp(`Message-ID: <${body.id}\\.[\\da-f]{12}@example\\.com>`));
    expect((await mine.admin('GET', path)).body.recipient_states[1].state).toBe('confirmed');
  });

  it('send an address one code an hour, whoever asks, and no words of others', async () => {
    const recipient = 'stranger@example.com';
    await mine.admin('PATCH', `/api/v1/organizations/${mine.id}`, { name: 'Win http://evil.example.com <now>' });
    const made = await create({ kind: 'email', name: 'Stranger', recipients: [recipient] });
    await codeFor(recipient);
    expect(mailsTo(recipient)[0]!.text).not.toMatch(/evil\.example|http:|<now>/);
    const path = `${CHANNELS}/${made.id}/recipients/send-code`;
    expect((await mine.admin('POST', path, { recipient })).status).toBe(200);
    expect((await theirs.admin('POST', path, { recipient })).status).toBe(404);
    await create(
      { kind: 'email', name: 'Same', recipients: [recipient.toUpperCase()] },
      (await mesh.organization()).admin,
    );
    const another = await create({ kind: 'email', name: 'Other', recipients: ['later@example.com'] });
    // Codes go out in the order in which they were asked for.
    await codeFor('later@example.com');
    expect(another.recipients).toEqual(['later@example.com']);
    expect(mailsTo(recipient)).toHaveLength(1);
    await mesh.service.parts.record.query(
      `update notification_recipients set code_sent_at = code_sent_at - interval '1 hour'`,
    );
    await eventually(() => mailsTo(recipient).length === 2, { message: 'the second code' });
  });

  it('say which status the mail server refused a recipient with', async () => {
    const refused = await create({ kind: 'email', name: 'Refused', recipients: ['refused@example.com'] });
    await mesh.service.parts.record.query(
      `update notification_recipients set confirmed_at = now() where address = 'refused@example.com'`,
    );
    const answer = (await mine.admin('POST', `${CHANNELS}/${refused.id}/test`)).body;
    expect(answer).toMatchObject({ state: 'given-up' });
    expect(answer.last_error).toContain('SMTP status 550');
  });

  it('refuse what is no channel', async () => {
    for (const body of [
      webhook({ url: 'ftp://example.com' }),
      webhook({ url: 'https://user:password@example.com' }),
      webhook({ signing_secret: 'short' }),
      { kind: 'email', name: 'x', recipients: ['a@example.com\r\nBcc: b@example.com'] },
      { kind: 'email', name: 'x', recipients: [] },
      { kind: 'pigeon', name: 'x' },
    ])
      expect((await mine.admin('POST', CHANNELS, body)).status).toBe(400);
    const { id } = await create(webhook({ name: 'Taken' }));
    expect(await mine.admin('POST', CHANNELS, webhook({ name: 'taken' }))).toMatchObject({
      status: 409,
      body: { code: 'duplicate-name' },
    });
    expect((await mine.admin('PATCH', `${CHANNELS}/${id}`, { recipients: ['a@example.com'] })).status).toBe(400);
    expect((await mine.member('POST', CHANNELS, webhook())).status).toBe(403);
    expect((await mine.member('GET', CHANNELS)).status).toBe(403);
  });

  it('never reach into a private network, nor where a name leads there', async () => {
    const strict = await mesh.another({ ALLOW_PRIVATE_GATEWAYS: false, SMTP_URL: undefined });
    const post = async (path: string, body: object) => {
      const response = await fetch(`${strict.url}${path}`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${mesh.config.BOOTSTRAP_KEY}`,
          'X-Organization-Id': mine.id,
          'Content-Type': 'application/json',
        },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    for (const url of ['http://127.0.0.1/', 'http://169.254.169.254/latest', 'http://localhost/', 'http://[::1]/'])
      expect(await post(CHANNELS, webhook({ url }))).toMatchObject({ status: 400 });
    expect((await post(CHANNELS, { kind: 'email', name: 'No mail', recipients: ['a@example.com'] })).status).toBe(400);
    // Saved while the installation allowed it: the address is checked again when it is connected to.
    const made = await create(webhook());
    const { body } = await post(`${CHANNELS}/${made.id}/test`, {});
    expect(body).toMatchObject({ state: 'given-up' });
    expect(body.last_error).toContain('private network');
  });

  it('are sealed again by rotate-keys', async () => {
    const made = await create(webhook());
    const second = `k2:${Buffer.alloc(32, 7).toString('base64')}`;
    const other = await mesh.another({ SECRET_KEYS: `${second},${mesh.config.SECRET_KEYS}` });
    const running = { signal: new AbortController().signal, progress: () => undefined };
    const { unreadable } = await rotateKeys(other.parts.record, other.parts.keyRing, running);
    expect(unreadable).toEqual([]);
    const [row] = await mesh.service.parts.record.query<{ sealed: string }>(
      'select sealed from notification_channels where id = $1',
      [made.id],
    );
    expect(row!.sealed).toMatch(/^v1\.k2\./);
    expect(JSON.parse(open(other.parts.keyRing, row!.sealed, made.id))).toMatchObject({
      signing_secret: made.signing_secret,
    });
    expect((await rotateKeys(mesh.service.parts.record, mesh.service.parts.keyRing, running)).unreadable).not.toEqual(
      [],
    );
  });
});

describe('rules', () => {
  it('are made, changed and deleted; a channel that one uses stays', async () => {
    const channel = await create(webhook());
    const made = await mine.admin('POST', RULES, {
      name: 'Lost',
      condition: { kind: 'registration-lost' },
      channel_ids: [channel.id],
    });
    expect(made).toMatchObject({
      status: 201,
      body: { condition: { kind: 'registration-lost', for_seconds: 60 }, messages_per_hour: 6, firing: [] },
    });
    const path = `${RULES}/${made.body.id}`;
    expect(await mine.admin('DELETE', `${CHANNELS}/${channel.id}`)).toMatchObject({
      status: 409,
      body: { code: 'channel-in-use' },
    });
    const condition = { kind: 'refused-calls', calls: 5, minutes: 10 };
    expect((await mine.admin('PATCH', path, { condition, enabled: false })).body).toMatchObject({
      condition,
      enabled: false,
    });
    expect((await mine.admin('GET', RULES)).body).toMatchObject([{ name: 'Lost', condition }]);
    expect((await mine.admin('DELETE', path)).status).toBe(204);
    expect((await mine.admin('GET', path)).status).toBe(404);
    expect((await mine.admin('DELETE', `${CHANNELS}/${channel.id}`)).status).toBe(204);
  });

  it('and everything else are the organisation’s alone', async () => {
    const channel = await create(webhook());
    const body = { name: 'Mine', condition: { kind: 'usage-alert' }, channel_ids: [channel.id] };
    const { id } = (await mine.admin('POST', RULES, body)).body;
    await mine.admin('POST', `${CHANNELS}/${channel.id}/test`);
    const tried = await Promise.all([
      theirs.admin('GET', `${CHANNELS}/${channel.id}`),
      theirs.admin('PATCH', `${CHANNELS}/${channel.id}`, { enabled: false }),
      theirs.admin('DELETE', `${CHANNELS}/${channel.id}`),
      theirs.admin('POST', `${CHANNELS}/${channel.id}/test`),
      theirs.admin('GET', `${RULES}/${id}`),
      theirs.admin('PATCH', `${RULES}/${id}`, { enabled: false }),
      theirs.admin('DELETE', `${RULES}/${id}`),
    ]);
    expect(tried.map(({ status }) => status)).toEqual(Array<number>(7).fill(404));
    expect((await theirs.admin('POST', RULES, body)).status).toBe(400);
    for (const path of [CHANNELS, RULES]) expect((await theirs.admin('GET', path)).body).toEqual([]);
    expect((await theirs.admin('GET', `${DELIVERIES}?channel_id=${channel.id}`)).body.items).toEqual([]);
    expect((await mine.admin('GET', `${DELIVERIES}?channel_id=${channel.id}`)).body.items).toHaveLength(1);
    expect((await mine.member('GET', DELIVERIES)).status).toBe(403);
  });
});
