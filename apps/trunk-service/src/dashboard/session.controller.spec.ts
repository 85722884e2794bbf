import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BOOTSTRAP_KEY, startFixture, type Fixture } from '../trunk-service.fixture.js';

let mesh: Fixture;
let org: Awaited<ReturnType<Fixture['organization']>>;
beforeAll(async () => {
  mesh = await startFixture({ RATE_LIMIT_FAILED_AUTHENTICATIONS: 5 });
  org = await mesh.organization();
}, 60_000);
afterAll(() => mesh?.stop());

const OWN_PAGE = { 'Sec-Fetch-Site': 'same-origin' };
const signIn = async (key: string) => {
  const answer = await mesh.api('/api/v1/session', { method: 'POST', key });
  return { answer, cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' };
};
const me = (cookie: string, headers: Record<string, string> = {}) =>
  mesh.api('/api/v1/users/me', { headers: { Cookie: cookie, ...OWN_PAGE, ...headers } });
const addTrunk = (cookie: string, headers: Record<string, string>) =>
  mesh.api('/api/v1/sip-trunks', {
    body: { name: 'Office', gateway: 'sip.example.com', register: false },
    headers: { Cookie: cookie, ...headers },
  });

describe('a session of the dashboard', () => {
  it('counts in place of the key, and shows neither the key nor its own hash', async () => {
    const { answer, cookie } = await signIn(org.admin);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('set-cookie')).toMatch(
      /^trunkmesh=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    expect((await me(cookie)).body).toMatchObject({ role: 'admin', organization: { id: org.id } });
    expect(cookie).not.toContain(org.admin);
    const [stored] = await mesh.service.parts.record.query<Record<string, unknown>>('select s::text from sessions s');
    expect(JSON.stringify(stored)).not.toContain(cookie.split('=')[1]);
    expect(mesh.logged()).not.toContain(cookie.split('=')[1]);
  });

  it('does not count for a write that comes from elsewhere', async () => {
    const { cookie } = await signIn(org.admin);
    const elsewhere: Record<string, string>[] = [
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { Origin: 'https://attacker.example.com' },
      {},
    ];
    for (const headers of elsewhere) expect((await addTrunk(cookie, headers)).status).toBe(403);
    expect((await addTrunk(cookie, OWN_PAGE)).status).toBe(201);
  });

  it("has the rights of its key: a member's changes nothing, and it reaches no other organisation", async () => {
    const other = await mesh.organization();
    const { cookie } = await signIn(org.member);
    expect((await addTrunk(cookie, OWN_PAGE)).body).toMatchObject({ status: 403, code: 'not-allowed' });
    expect((await me(cookie, { 'X-Organization-Id': other.id })).status).toBe(403);
  });

  it('ends with the sign-out, and the cookie is deleted', async () => {
    const { cookie } = await signIn(org.member);
    const out = await mesh.api('/api/v1/session', { method: 'DELETE', headers: { Cookie: cookie, ...OWN_PAGE } });
    expect([out.status, out.headers.get('set-cookie')]).toEqual([204, expect.stringContaining('Max-Age=0')]);
    expect((await me(cookie)).status).toBe(401);
  });

  it('ends with its key', async () => {
    const made = await mesh.api('/api/v1/api-keys', { key: org.admin, body: { name: 'short-lived', role: 'member' } });
    const { cookie } = await signIn(made.body.key);
    expect((await me(cookie)).status).toBe(200);
    await mesh.api(`/api/v1/api-keys/${made.body.id}`, { method: 'DELETE', key: org.admin });
    expect((await me(cookie)).status).toBe(401);
  });

  it('ends when its time is over', async () => {
    const { cookie } = await signIn(org.publisher);
    await mesh.service.parts.record.query(
      `update sessions set expires_at = now() - interval '1 second' where key_id in (
        select id from api_keys where organization_id = $1 and role = 'publisher')`,
      [org.id],
    );
    expect((await me(cookie)).body).toMatchObject({ status: 401, detail: 'Your session has ended. Sign in again.' });
  });

  it("the operator's acts for the organisation that each request names", async () => {
    const { cookie } = await signIn(BOOTSTRAP_KEY);
    expect((await me(cookie)).body).toMatchObject({ role: 'bootstrap', organization: null });
    expect((await me(cookie, { 'X-Organization-Id': org.id })).body).toMatchObject({ organization: { id: org.id } });
    const renewed = await mesh.another({ BOOTSTRAP_KEY: `another-${BOOTSTRAP_KEY}` });
    const answer = await fetch(`${renewed.url}/api/v1/users/me`, { headers: { Cookie: cookie, Connection: 'close' } });
    expect(answer.status).toBe(401);
  });

  it('cannot be had by trying keys', async () => {
    const tried = [];
    for (let n = 0; n < 8; n += 1) tried.push((await signIn(`tm_0123456789abcdef_${String(n).repeat(43)}`)).answer);
    expect(tried.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    expect(tried.at(-1)!.headers.get('retry-after')).not.toBeNull();
    expect((await signIn(org.member)).answer.status).toBe(200);
  });
});
