import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallDetail, CallSummary } from '@trunkmesh/contracts/call-log.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { placeSipCall } from '@trunkmesh/testkit/sip/sip-call.net.js';
import { addNumber, testMesh, untilLive, type Organization, type TestMesh, type Trunk } from '../mesh.fixture.js';

/** A real FreeSWITCH tells what the carrier asserted and that it is withheld. Runs where FREESWITCH names a binary. */
let test: TestMesh;
let org: Organization;
const TRUNK = '127.0.0.83';
const [OPEN, WITHHELD, FOREIGN] = ['+12015550123', '+12015550124', '+442071838750'];
const NUMBER = '+15550108101';

beforeAll(async () => {
  test = await testMesh();
  org = await test.organization('Example Dental');
  const trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', { name: 'PBX', gateway: TRUNK, register: false });
  await untilLive(org, trunk);
  await addNumber(org, trunk, NUMBER, { allowed_country_codes: ['US'] });
});
afterAll(() => test?.stop());

const call = async (asserted: string, more: [string, string][] = []) => {
  const identity = `"A, B" <sip:${asserted}@carrier.example.com>`;
  const headers: [string, string][] = [['P-Asserted-Identity', identity], ...more];
  const target = test.mesh.bridges[0]!.bridge.sip;
  return (await placeSipCall({ number: NUMBER, from: 'anonymous', target, address: TRUNK, headers })).status;
};
const logged = (asserted: string) =>
  eventually(
    async () => {
      const { items } = await org.api.get<{ items: CallSummary[] }>(
        `/api/v1/calls?customer_phone=${encodeURIComponent(asserted)}`,
      );
      return items[0];
    },
    { timeoutMs: 15_000, message: `the call of ${asserted} in the log` },
  );
const explained = async (asserted: string) => {
  const asked = {
    source_address: TRUNK,
    to: NUMBER,
    from: 'anonymous',
    headers: { 'P-Asserted-Identity': `<sip:${asserted}@h>` },
  };
  return (await org.api.post<{ decision: { outcome: string; sip_status?: number } }>('/api/v1/routes/explain', asked))
    .decision;
};

describe('an anonymous caller whom the carrier asserts', () => {
  it('is let in by the asserted number, and marked where it is withheld', async () => {
    await call(OPEN);
    await call(WITHHELD, [['Privacy', 'id']]);
    expect(await logged(OPEN)).not.toHaveProperty('caller_withheld');
    const { call_sid, ...found } = await logged(WITHHELD);
    expect(found).toMatchObject({ from_number: WITHHELD, caller_withheld: true });
    const detail = await org.api.get<CallDetail>(`/api/v1/calls/${call_sid}`);
    expect(detail).toMatchObject({ from_number: WITHHELD, caller_withheld: true, routing: { outcome: 'route' } });
    expect(await explained(OPEN)).toMatchObject({ outcome: 'route' });
  });

  it('and refused by it', async () => {
    expect(await call(FOREIGN)).toBe(403);
    expect(await explained(FOREIGN)).toMatchObject({ outcome: 'refuse', sip_status: 403 });
  });
});
