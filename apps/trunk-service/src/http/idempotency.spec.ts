import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startFixture, type Fixture } from '../trunk-service.fixture.js';

const IMPORT = '/api/v1/phone-numbers/import';
let mesh: Fixture;
let org: Awaited<ReturnType<Fixture['organization']>>;
beforeAll(async () => {
  mesh = await startFixture();
  org = await mesh.organization();
}, 60_000);
afterAll(() => mesh?.stop());

const send = (path: string, idempotencyKey: string, body: unknown) => mesh.api(path, { key: org.admin, body, headers: { 'Idempotency-Key': idempotencyKey } });

describe('an Idempotency-Key', () => {
  it('is of the request with its query: what was skipped is not answered as updated', async () => {
    const numbers = [{ phone_number: '+15550001111', friendly_name: 'Desk' }];
    const first = await send(`${IMPORT}?on_duplicate=skip`, 'one', numbers);
    expect(first).toMatchObject({ status: 200, body: { added: 1 } });
    const again = await send(`${IMPORT}?on_duplicate=skip`, 'one', numbers);
    expect(again).toMatchObject({ status: 200, text: first.text });
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(await send(`${IMPORT}?on_duplicate=update`, 'one', numbers)).toMatchObject({ status: 409, body: { code: 'idempotency-key-reused' } });
  });

  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  it.each([
    ['/api/v1/sip-trunks', `{"name":"Deep","gateway":"sip.example.com","register":false,"id":${deep}}`],
    ['/api/v1/phone-numbers', `{"phone_number":"+15550002222","id":${deep}}`],
    [IMPORT, `[{"phone_number":"+15550003333","id":${deep}}]`],
    [IMPORT, deep],
  ])('%s: a body that is too deep to be written down is refused', async (path, body) => {
    const answer = await send(path, 'deep', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request', errors: [{ pointer: '', detail: 'is nested too deeply' }] } });
    expect(mesh.logged()).not.toContain('nobody foresaw');
  });
});
