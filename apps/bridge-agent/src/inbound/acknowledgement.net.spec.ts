import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import type { InboundDecision, InboundRequest } from '@trunkmesh/contracts/routing.js';
import { addressSubject } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { id, number, organization, startHost, trunk, type Host } from './calls.fixture.js';

const [DID, PROVEN_DID] = ['+15551234567', '+15551234568'];
const PROVEN_ADDRESS = '192.0.2.9';
const AT = '2026-01-01T00:00:00.000Z';
let host: Host;
const says = { number: DID, named: true };
const routeOf = ({ source_address }: InboundRequest): InboundDecision => ({
  outcome: 'route',
  organization_id: id(1, 1),
  trunk_id: id(2, 1),
  number_id: id(3, Number(says.number.slice(-6))),
  number: says.number,
  decided_by: 'Request-URI',
  target: { kind: 'flow', id: 9 },
  caller: '+15559876543',
  named_in_full: says.named,
  explanation: { source_address, claimed_gateway: null, candidates: [], steps: [], summary: 'by the test' },
});
beforeAll(async () => {
  host = await startHost();
  await host.publish(
    organization(1),
    organization(2),
    trunk(1, 1, { inbound_addresses: ['192.0.2.0/24'] }),
    trunk(2, 2, { inbound_addresses: ['192.0.2.0/24'] }),
    number(1, DID),
    number(1, PROVEN_DID, { proof: { by: 'call', at: AT } }),
  );
  const evidence = (org: number, network: string) =>
    jetstream(host.nc).publish(
      addressSubject(id(1, org), network),
      JSON.stringify({
        data: {
          change: {},
          state: {
            organization_id: id(1, org),
            network,
            evidence: { by: 'operator', at: AT },
            shared_since: null,
            created_at: AT,
            updated_at: AT,
          },
        },
      }),
    );
  await evidence(1, `${PROVEN_ADDRESS}/32`);
  // Somebody else's evidence is nothing to this organisation.
  await evidence(2, '192.0.2.1/32');
  const calls = await host.startAgent();
  await eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });
}, 60_000);
afterAll(() => host?.stop());
beforeEach(() => {
  Object.assign(says, { number: DID, named: true });
  host.routingSays(routeOf);
});

/** The call record of such a call; the caller hangs up long after the look. */
async function recordOf(more: object): Promise<object> {
  const call = host.standIn.call({
    source: { address: '192.0.2.1' },
    from: '+15559876543',
    request_user: says.number,
    hangup_after_ms: 800,
    ...more,
  });
  expect((await call.final).status).toBe(200);
  const ended = (await host.untilWritten(call.uuid)).at(-1)!;
  expect(ended).toMatchObject({ type: 'CallEnded', data: { hangup_disposition: 'recv_bye' } });
  return ended.data;
}

describe('a call that could be new evidence', () => {
  it("is acknowledged where the ACK had FreeSWITCH's own To tag", async () => {
    expect(await recordOf({})).toMatchObject({ acknowledged: true });
  });

  it.each<[string, object]>([
    ['whose ACK has a foreign To tag', { ack: 'forged' }],
    ['without an ACK', { ack: 'none' }],
    [
      'whose answer would go elsewhere than to its source',
      { headers: { Via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;maddr=203.0.113.9' } },
    ],
  ])('%s is not, though it ends by a BYE', async (_what, more) => {
    expect(await recordOf(more)).toMatchObject({ acknowledged: false });
  });

  it('is also one from a proven address for a number that is not proven, and the other way round', async () => {
    expect(await recordOf({ source: { address: PROVEN_ADDRESS } })).toMatchObject({ acknowledged: true });
    says.number = PROVEN_DID;
    expect(await recordOf({})).toMatchObject({ acknowledged: true });
  });
});

describe('nobody looks', () => {
  it('at a call for a proven number from a proven address', async () => {
    says.number = PROVEN_DID;
    expect(await recordOf({ source: { address: PROVEN_ADDRESS } })).not.toHaveProperty('acknowledged');
  });

  it('at a call that named no number in full', async () => {
    says.named = false;
    expect(await recordOf({})).not.toHaveProperty('acknowledged');
  });

  it('at a call that is over before', async () => {
    expect(await recordOf({ hangup_after_ms: 10 })).not.toHaveProperty('acknowledged');
  });
});
