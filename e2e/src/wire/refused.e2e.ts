import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CapturedInvite } from '@trunkmesh/contracts/call-parts.js';
import type { RefusedCall, RefusedCallDetail } from '@trunkmesh/contracts/refused-call.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { placeSipCall } from '@trunkmesh/testkit/sip/sip-call.net.js';
import type { SipInvite } from '@trunkmesh/testkit/sip/sip-line.js';
import type { Browser } from 'playwright-core';
import { openViewer, signIn, startBrowser } from '../dashboard/browser.fixture.js';
import { addNumber, testMesh, untilLive, type Organization, type TestMesh, type Trunk } from '../mesh.fixture.js';

/** A real FreeSWITCH, whose own refusals reach whoever owns the called number. Runs where FREESWITCH names a binary. */
let test: TestMesh;
let owner: Organization;
let other: Organization;
const [TRUNK, STRANGER, MOVED] = ['127.0.0.81', '127.0.0.82', '127.0.0.83'];
const NUMBER = '+15550108001';

beforeAll(async () => {
  test = await testMesh();
  [owner, other] = [await test.organization('Example Dental'), await test.organization('Example Bakery')];
  const trunk = await owner.api.post<Trunk>('/api/v1/sip-trunks', { name: 'PBX', gateway: TRUNK, register: false });
  await untilLive(owner, trunk);
  await addNumber(owner, trunk, NUMBER);
});
afterAll(() => test?.stop());

const call = async (more: Partial<SipInvite>) =>
  (
    await placeSipCall({
      number: NUMBER,
      from: '+15559876543',
      target: test.mesh.bridges[0]!.bridge.sip,
      address: TRUNK,
      ...more,
    })
  ).status;
const listOf = (org: Organization, query = '') => org.api.get<RefusedCall[]>(`/api/v1/refused-calls${query}`);

describe('a call that FreeSWITCH refuses before it asks anybody', () => {
  it.each<[string, number, Partial<SipInvite>, object]>([
    [
      'from an address that no trunk has',
      403,
      { address: STRANGER },
      { reason: 'source-not-allowed', source_address: STRANGER },
    ],
    [
      'that requires 100rel',
      420,
      { headers: [['Require', '100rel']] },
      { reason: 'extension-not-supported', source_address: TRUNK, detail: 'Unsupported: 100rel' },
    ],
    [
      'with a session timer that is too short',
      422,
      {
        headers: [
          ['Supported', 'timer'],
          ['Session-Expires', '30'],
          ['Min-SE', '30'],
        ],
      },
      { reason: 'session-interval-too-small' },
    ],
    [
      'of a PBX that forwards it, the number in Diversion',
      403,
      { address: STRANGER, number: '9228', headers: [['Diversion', `<sip:${NUMBER}@pbx.example.com>`]] },
      { called: '9228', number: NUMBER },
    ],
  ])(
    "%s is in its owner's list (%i)",
    async (_what, status, how, row) => {
      expect(await call(how)).toBe(status);
      const found = await eventually(
        async () =>
          (await listOf(owner, `?sip_status=${status}`)).find(
            (one) => how.number === undefined || one.called === how.number,
          ),
        { timeoutMs: 15_000, message: 'the refusal' },
      );
      expect(found).toMatchObject({
        number: NUMBER,
        organization_id: owner.id,
        sip_status: status,
        bridge_id: 'bridge-1',
        ...row,
      });
      expect(await listOf(other)).toEqual([]);
    },
    30_000,
  );

  it('that gives the user name of a trunk is in its list, with the INVITE', async () => {
    await owner.api.post('/api/v1/sip-trunks', {
      name: 'Reception',
      gateway: '192.0.2.81',
      username: 'reception',
      register: false,
    });
    expect(await call({ address: STRANGER, number: '9230', from: 'reception' })).toBe(403);
    const found = await eventually(
      async () => (await listOf(owner, '?known_by=trunk-user')).find((one) => one.called === '9230'),
      { timeoutMs: 15_000, message: 'the refusal' },
    );
    expect(found).toMatchObject({ number: null, source_address: STRANGER, sip_status: 403 });
    expect(found.invite?.sources).toEqual([
      { source: 'Request-URI', value: '9230' },
      { source: 'To', value: '9230' },
    ]);
    expect(found.invite?.offer?.length).toBeGreaterThan(0);
    const { last_invite } = await owner.api.get<RefusedCallDetail>(`/api/v1/refused-calls/${found.id}`);
    expect(last_invite?.text).toMatch(/^INVITE sip:9230@/);
    expect(await listOf(other)).toEqual([]);
  }, 30_000);

  it('is not there when the agent took it: that is in the call log, with Request-URI and offer', async () => {
    const before = (await listOf(owner)).length;
    expect(await call({ audio: { address: TRUNK, port: 4_000, codecs: [{ payloadType: 18, name: 'G729' }] } })).toBe(
      488,
    );
    expect(await call({ number: '+15550108999', address: STRANGER })).toBe(403);
    const nobodys = await eventually(
      async () => (await test.operator.get<RefusedCall[]>('/api/v1/refused-calls?unowned=true'))[0],
      { timeoutMs: 15_000, message: "a refusal of nobody's number" },
    );
    expect(nobodys).toMatchObject({ called: '+15550108999', organization_id: null });
    expect((await listOf(owner)).length).toBe(before);
    const { call_sid } = await eventually(
      async () =>
        (await owner.api.get<{ items: { call_sid: string; sip_status: number }[] }>('/api/v1/calls')).items.find(
          ({ sip_status }) => sip_status === 488,
        ),
      { timeoutMs: 15_000, message: 'the refused call in the log' },
    );
    const { invite } = await owner.api.get<{ invite: CapturedInvite }>(`/api/v1/calls/${call_sid}`);
    expect(invite.request_uri).toMatch(new RegExp(`^sip:[+]?${NUMBER.slice(1)}@`));
    expect(invite.offer).toEqual(['G729']);
  }, 30_000);
});

describe("the trunk's page of the dashboard", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());

  it('shows a call from a wrong address, and "add the address" makes the next call succeed', async () => {
    const { page, complaints } = await openViewer(browser, test.mesh.file.api);
    await signIn(page, owner.key);
    await page.getByRole('link', { name: 'Trunks', exact: true }).click();
    await page.getByRole('rowheader').getByRole('link', { name: 'PBX' }).click();
    await page.getByText('Live', { exact: true }).waitFor();
    const row = page.getByRole('listitem').filter({ hasText: `From ${MOVED}` });
    expect(await row.count()).toBe(0);
    // Nothing reloads the page: FreeSWITCH's capture, the agent and the stream bring it.
    expect(await call({ address: MOVED })).toBe(403);
    const refusedAt = performance.now();
    await row.waitFor();
    console.log(`on the open page ${Math.round(performance.now() - refusedAt)} ms after the 403`);
    await row.getByText('The source address belongs to no enabled trunk').waitFor();
    await row.getByText('Its INVITE').click();
    await row
      .getByLabel('Text of the INVITE')
      .filter({ hasText: `INVITE sip:${NUMBER}@` })
      .waitFor();
    await row.getByRole('button', { name: `Add the address ${MOVED}` }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText('Only if this is your PBX').waitFor();
    await dialog.getByRole('button', { name: `Add the address ${MOVED}` }).click();
    await row.getByRole('button', { name: `Add the address ${MOVED}` }).waitFor({ state: 'detached' });
    await eventually(async () => (await call({ address: MOVED })) === 200, {
      timeoutMs: 20_000,
      intervalMs: 500,
      message: 'a call from the added address to be answered',
    });
    expect(complaints).toEqual([]);
  }, 90_000);
});
