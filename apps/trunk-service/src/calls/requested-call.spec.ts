import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import { CALL_LOG_GET } from '@trunkmesh/contracts/subjects.js';
import { CALLED, startOutbound, type FakeBridge, type Outbound } from '../outbound/outbound.fixture.js';

let outbound: Outbound;
let bridge: FakeBridge;
beforeAll(async () => {
  outbound = await startOutbound();
  bridge = await outbound.bridge('bridge-1');
  // The call log has no event of any call.
  outbound.nc.subscribe(CALL_LOG_GET, {
    callback: (_error, message) => void message.respond(JSON.stringify({ outcome: 'not-found' })),
  });
}, 60_000);
afterAll(() => outbound?.stop());

describe('a call that was just accepted', () => {
  it('is found before its first event, by its organisation alone', async () => {
    const { publisher, member, from, trunk, number } = await outbound.organization();
    const asked = { from_phone_number: from, to_phone_number: CALLED, call_meta: { campaign: 'november' } };
    const placed = await publisher('POST', '/api/v1/calls', asked);
    expect(placed.status).toBe(201);
    const path = placed.headers.get('location')!;
    const { status, body } = await member('GET', path);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        ...{ call_sid: placed.body.call_sid, status: 'ongoing', direction: 'outbound', queue: null },
        ...{ from_number: from, to_number: CALLED, caller_id: from, assistant_id: 7, assistant_name: 'Front Desk' },
        ...{ trunk_id: trunk.id, number_id: number.id, bridge_id: null, call_meta: { campaign: 'november' } },
        ...{ timeline: [{ what: 'queued' }], attempts: [] },
      },
    });
    const other = await outbound.organization();
    expect((await other.member('GET', path)).status).toBe(404);
  });

  it('is not found where it was refused', async () => {
    bridge.answer = () => ({ outcome: 'refused', code: 'bridge-full', message: 'Full.' });
    const { publisher, from } = await outbound.organization();
    const { body } = await publisher('POST', '/api/v1/calls', { from_phone_number: from, to_phone_number: CALLED });
    expect(body.code).toBe('no-bridge');
    expect((await publisher('GET', `/api/v1/calls/${callSid(body.call_id)}`)).status).toBe(404);
  });
});
