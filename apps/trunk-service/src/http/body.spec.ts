import { request as httpRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startFixture, type Fixture } from '../trunk-service.fixture.js';

const IMPORT = '/api/v1/phone-numbers/import';
const SYNC = '/api/sync-organization?timeout_ms=0';
const TRUNKS = '/api/v1/sip-trunks';
/** So that the other organisation's own requests are not most of the work. */
const BETWEEN_MS = 5;

let mesh: Fixture;
let org: Awaited<ReturnType<Fixture['organization']>>;
let other: Awaited<ReturnType<Fixture['organization']>>;
beforeAll(async () => {
  mesh = await startFixture();
  [org, other] = [await mesh.organization(), await mesh.organization()];
}, 60_000);
afterAll(() => mesh.stop());

interface Raw {
  status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests expect parts of any JSON body
  body: any;
}

/** All but the last byte; `finish` sends that one. */
async function sendAlmost(
  path: string,
  bytes: Buffer,
  headers: Record<string, string>,
): Promise<{ finish(): void; answer: Promise<Raw> }> {
  const sending = httpRequest(mesh.service.url + path, {
    method: 'POST',
    agent: false,
    headers: {
      Authorization: `Bearer ${org.admin}`,
      'Content-Length': bytes.length,
      'Content-Type': 'application/json',
      ...headers,
    },
  });
  const answer = new Promise<Raw>((resolve, reject) => {
    sending.on('error', reject).on('response', (response) => {
      const chunks: Buffer[] = [];
      response
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('error', reject)
        .on('end', () => resolve({ status: response.statusCode!, body: JSON.parse(Buffer.concat(chunks).toString()) }));
    });
  });
  // A refusal may come before the whole body was taken.
  answer.catch(() => undefined);
  await Promise.race([
    new Promise<void>((resolve) => sending.write(bytes.subarray(0, -1), () => resolve())),
    answer.catch(() => undefined),
  ]);
  return {
    finish: () => {
      if (!sending.destroyed) sending.end(bytes.subarray(-1));
    },
    answer,
  };
}

const send = async (path: string, bytes: Buffer, headers: Record<string, string> = {}): Promise<Raw> => {
  const { finish, answer } = await sendAlmost(path, bytes, headers);
  finish();
  return answer;
};

const number = (n: number, more: object = {}) => ({
  phone_number: `+1555${2_000_000 + n}`,
  friendly_name: `Number ${n}`,
  ...more,
});
const lists = (count: number) =>
  `[${Array.from({ length: count / 50_000 }, () => `[${'[],'.repeat(49_999)}[]]`).join()}]`;

describe('one request', () => {
  const numbers = (count: number) => Array.from({ length: count }, (_, n) => number(n));
  it.each<[string, string, () => Buffer, Record<string, string>, number]>([
    [
      '58 kB that are 60 MB of lists',
      IMPORT,
      () => gzipSync(`[{"phone_number":"+15551234567","id":${lists(20_000_000)}}]`),
      { 'Content-Encoding': 'gzip' },
      413,
    ],
    [
      '6 MB of lists',
      IMPORT,
      () => Buffer.from(`[{"phone_number":"+15551234567","id":${lists(2_000_000)}}]`),
      { 'Idempotency-Key': 'lists' },
      200,
    ],
    [
      '6,000 numbers in JSON',
      IMPORT,
      () => Buffer.from(JSON.stringify(numbers(6_000))),
      { 'Idempotency-Key': 'json' },
      200,
    ],
    [
      '6,000 numbers in CSV',
      `${IMPORT}?on_duplicate=skip`,
      () =>
        Buffer.from(
          `phone_number,friendly_name\n${numbers(6_000)
            .map((each) => `${each.phone_number},${each.friendly_name}`)
            .join('\n')}`,
        ),
      { 'Content-Type': 'text/csv', 'Idempotency-Key': 'csv' },
      200,
    ],
    [
      '60 MB of lines of JSON that are empty',
      IMPORT,
      () => gzipSync('\n'.repeat(60_000_000)),
      { 'Content-Type': 'application/x-ndjson', 'Content-Encoding': 'gzip' },
      413,
    ],
    [
      '1 MB of commas',
      IMPORT,
      () => gzipSync(`phone_number\n${`${','.repeat(99)}\n`.repeat(12_000)}`),
      { 'Content-Type': 'text/csv', 'Content-Encoding': 'gzip' },
      200,
    ],
    [
      'an organisation of 4,000 numbers',
      SYNC,
      () => Buffer.from(JSON.stringify({ trunks: [], numbers: numbers(4_000) })),
      {},
      200,
    ],
    [
      'an organisation of 250 trunks',
      SYNC,
      () =>
        Buffer.from(
          JSON.stringify({
            trunks: Array.from({ length: 250 }, (_, n) => ({
              name: `t${n}`,
              gateway: 'sip.example.com',
              username: 'u',
              password: `secret-${n}`,
            })),
            numbers: [],
          }),
        ),
      {},
      200,
    ],
  ])(
    'of %s does not keep another organisation waiting',
    async (_what, path, make, headers, status) => {
      const { finish, answer } = await sendAlmost(path, make(), headers);
      let answered = false;
      const heavy = answer.finally(() => {
        answered = true;
      });
      finish();
      let others = 0;
      for (; !answered; others += 1) {
        expect((await mesh.api(TRUNKS, { key: other.admin })).status).toBe(200);
        await pause(BETWEEN_MS);
      }
      expect((await heavy).status).toBe(status);
      // One that blocks lets at most a few through between its own questions to PostgreSQL.
      expect(others).toBeGreaterThan(10);
    },
    60_000,
  );

  it.each([
    ['30 MB of empty objects', IMPORT, `[${'{},'.repeat(10_000_000)}{}]`],
    ['too many trunks', SYNC, `{"numbers":[],"trunks":[${'[],'.repeat(100_000)}[]]}`],
    ['an ordinary route', TRUNKS, `{"name":"a","gateway":"sip.example.com","id":[${'[],'.repeat(10_000)}[]]}`],
  ])('with too many parts is refused before anything is made of it: %s', async (_what, path, body) => {
    expect(await send(path, gzipSync(body), { 'Content-Encoding': 'gzip' })).toMatchObject({
      status: 413,
      body: { code: 'payload-too-large' },
    });
  });

  it('that is nested too deeply is refused with or without an Idempotency-Key', async () => {
    const deep = Buffer.from(
      `{"name":"Deep","gateway":"sip.example.com","id":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
    );
    expect(await send(TRUNKS, deep)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '', detail: 'is nested too deeply' }] },
    });
  });
});

describe('the character set of a body', () => {
  const latin = (text: string) => Buffer.from(text, 'latin1');
  const csv = 'phone_number,friendly_name\n+15557000001,Zürich\n';
  const named = async (phone: string) =>
    (await mesh.api(`/api/v1/phone-numbers?phone_number=${encodeURIComponent(phone)}`, { key: org.admin })).body[0]
      ?.friendly_name;

  it.each([
    [
      'JSON',
      TRUNKS,
      latin('{"name":"Zürich","gateway":"sip.example.com","register":false}'),
      'application/json',
      /JSON must be sent in UTF-8/,
    ],
    [
      'JSON that says that it is UTF-8',
      TRUNKS,
      latin('{"name":"Zürich","gateway":"sip.example.com","register":false}'),
      'application/json; charset=utf-8',
      /not UTF-8/,
    ],
    [
      'half a character',
      TRUNKS,
      Buffer.concat([
        Buffer.from('{"name":"'),
        Buffer.from([0xe2, 0x82]),
        Buffer.from('","gateway":"sip.example.com","register":false}'),
      ]),
      'application/json',
      /UTF-8/,
    ],
    ['a CSV', IMPORT, latin(csv), 'text/csv', /Save the file as UTF-8.*charset=windows-1252/],
    [
      'JSON lines',
      IMPORT,
      latin('{"phone_number":"+15557000001","friendly_name":"Zürich"}'),
      'application/x-ndjson',
      /UTF-8/,
    ],
    [
      'an organisation',
      SYNC,
      latin('{"trunks":[{"name":"Zürich","gateway":"sip.example.com"}],"numbers":[]}'),
      'application/json',
      /UTF-8/,
    ],
    [
      'an INVITE',
      '/api/v1/routes/explain',
      latin('INVITE sip:1@example.com SIP/2.0\r\nFrom: "Zürich" <sip:2@example.com>\r\n\r\n'),
      'text/plain',
      /Send UTF-8, or name its character set/,
    ],
    [
      'what is not the set that was named',
      IMPORT,
      Buffer.from([...latin('phone_number,friendly_name\n+15557000001,'), 0x81, 0xff]),
      'text/csv; charset=shift_jis',
      /not shift_jis/,
    ],
  ])('%s with bytes that are none of it is refused', async (_what, path, body, type, message) => {
    const answer = await send(path, body, { 'Content-Type': type });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid-request', detail: expect.stringMatching(message) },
    });
    expect(await named('+15557000001')).toBeUndefined();
  });

  it.each([
    [
      'windows-1252',
      Buffer.concat([latin('phone_number,friendly_name\n+15557000002,Zürich '), Buffer.from([0x80])]),
      'Zürich €',
    ],
    ['iso-8859-1', latin('phone_number,friendly_name\n+15557000002,Zürich'), 'Zürich'],
    ['"ISO-8859-15"', Buffer.concat([latin('phone_number,friendly_name\n+15557000002,'), Buffer.from([0xa4])]), '€'],
    ['utf-16le', Buffer.from('\ufeffphone_number,friendly_name\n+15557000002,Zürich', 'utf16le'), 'Zürich'],
    ['utf-8', Buffer.from('\ufeffphone_number,friendly_name\n+15557000002,Zürich'), 'Zürich'],
  ])('%s is read as what it is', async (charset, body, name) => {
    expect(
      await send(`${IMPORT}?on_duplicate=update`, body, { 'Content-Type': `text/csv; charset=${charset}` }),
    ).toMatchObject({ status: 200, body: { total: 1 } });
    expect(await named('+15557000002')).toBe(name);
  });

  it('that nobody knows is refused', async () => {
    expect(await send(IMPORT, Buffer.from(csv), { 'Content-Type': 'text/csv; charset=klingon' })).toMatchObject({
      status: 415,
      body: { code: 'unsupported-media-type' },
    });
  });

  it('in UTF-8 needs no name, with or without a byte order mark', async () => {
    const body = Buffer.from('\ufeff{"name":"Zürich","gateway":"sip.example.com","register":false}');
    expect(await send(TRUNKS, body)).toMatchObject({ status: 201, body: { name: 'Zürich' } });
  });
});
