import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startSipCallee, type SipCallee } from '@trunkmesh/testkit/sip/sip-callee.net.js';
import { headerOf } from '@trunkmesh/testkit/sip/sip-message.js';
import { addNumber, testMesh, untilLive, type Organization, type TestMesh, type Trunk } from '../mesh.fixture.js';

/** What the carrier reads of who calls, from a real FreeSWITCH. Runs where FREESWITCH names a binary. */
const FROM = '+15550108301';
let test: TestMesh;
let org: Organization;
let callee: SipCallee;
let trunk: Trunk;

beforeAll(async () => {
  test = await testMesh();
  org = await test.organization('Example Identity');
  callee = await startSipCallee({ address: '127.0.0.96' });
  callee.will({ outcome: 486 });
  const { gateway } = callee;
  trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', { name: 'Carrier', gateway, register: false });
  await untilLive(org, trunk);
  await addNumber(org, trunk, FROM);
}, 120_000);
afterAll(async () => {
  await callee?.close();
  await test?.stop();
});

/** The headers of the INVITE that the trunk sends with these settings. */
async function invited(settings: object): Promise<Record<string, string>> {
  await org.api.patch(`/api/v1/sip-trunks/${trunk.id}`, settings);
  // The bridge learns of it a moment later.
  await sleep(1_500);
  const before = callee.invites.length;
  await org.api.post('/api/v1/calls', { from_phone_number: FROM, to_phone_number: '+15559876543' });
  const heard = await eventually(() => callee.invites[before], { timeoutMs: 20_000, message: 'the INVITE' });
  const names = ['From', 'P-Asserted-Identity', 'P-Preferred-Identity', 'Remote-Party-ID', 'Diversion', 'Privacy'];
  return Object.fromEntries([...names, 'X-Call'].map((name) => [name, headerOf(heard.message, name.toLowerCase())]));
}

describe('who calls, on the wire', () => {
  it('is the number in From and P-Asserted-Identity', async () => {
    const headers = await invited({});
    expect(headers['From']).toContain(`<sip:${FROM}@`);
    expect(headers).toMatchObject({ 'P-Asserted-Identity': `<sip:${FROM}@127.0.0.96>` });
    expect([headers['P-Preferred-Identity'], headers['Remote-Party-ID'], headers['Privacy']]).toEqual(['', '', '']);
  });

  it('is every header that the trunk asks for', async () => {
    const headers = await invited({
      from_domain: 'example.org',
      headers: { 'X-Call': 'a, "b" = {{from}}; {{to}}' },
      identity: {
        from_user: 'acct #1',
        display_name: 'Example, Inc.',
        number_format: 'e164-without-plus',
        remote_party_id: true,
        diversion: '{{from}}',
        privacy: 'id',
      },
    });
    expect(headers['From']).toContain('"Example, Inc." <sip:acct%20%231@example.org>');
    expect(headers).toMatchObject({
      'P-Asserted-Identity': '"Example, Inc." <sip:15550108301@example.org>',
      'Remote-Party-ID': '"Example, Inc." <sip:15550108301@example.org>;party=calling;screen=yes;privacy=full',
      Diversion: `<sip:${FROM}@example.org>;reason=unconditional`,
      Privacy: 'id',
      'X-Call': `a, "b" = ${FROM}; +15559876543`,
    });
  });

  it('is anonymous in From', async () => {
    const headers = await invited({ identity: { privacy: 'anonymous' } });
    expect(headers['From']).toContain('<sip:anonymous@anonymous.invalid>');
    expect(headers).toMatchObject({ Privacy: 'id' });
  });
});
