import { describe, expect, it } from '@jest/globals';
import { callEvent } from '@trunkmesh/contracts/call.js';
import { numbered } from '../call-record/call-record-file.js';
import { callAnswered, callEnded, callRejected, callStarted, type Route } from './call-events.js';
import { createStory } from './call-story.js';
import { lostCall, readHangup } from './hangup-facts.js';
import { readInvite, type InviteFacts } from './invite-facts.js';
import { recordedEvents } from '../esl/recorded-channel.fixture.js';
import { refusedHere } from './refusal.js';

const id = (n: number) => `0190000${n}-0000-7000-8000-000000000001`;
const EPOCH = id(9);
let ids = 0;
const stamp = {
  bridgeId: 'bridge-1',
  newId: () => `01900000-0000-7000-8000-${String((ids += 1)).padStart(12, '0')}`,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const route: Route = {
  outcome: 'route',
  organization_id: id(1),
  trunk_id: id(2),
  number_id: id(3),
  number: '+15551234567',
  decided_by: 'Diversion',
  target: { kind: 'flow', id: 7 },
  caller: '+15559876543',
  explanation: {
    source_address: '127.0.0.1',
    claimed_gateway: null,
    candidates: [],
    steps: [
      { source: 'Diversion', raw: '<sip:+15551234567@pbx.example.com>', number: '+15551234567', verdict: 'decided' },
    ],
    summary: 'x',
  },
};
const NOW = new Date('2026-11-23T01:00:00.000Z');
const recorded = async () => ({
  invite: readInvite((await recordedEvents('inbound-call-outbound-socket.esl.txt', 'CHANNEL_DATA'))[0]!, NOW)!,
  hangup: readHangup(
    (await recordedEvents('inbound-call-outbound-socket.esl.txt', 'CHANNEL_HANGUP_COMPLETE'))[0]!,
    NOW,
  ),
});

describe('the events of a call', () => {
  it('a routed call: started, answered, ended, each as the contract has it and in one trace', async () => {
    const { invite, hangup } = await recorded();
    const started = callStarted(invite, route, 'routing-service', stamp);
    const answered = callAnswered(started, new Date('2026-11-23T00:44:09.931Z'), 'PCMU', stamp);
    const ended = numbered({ final: callEnded(started, hangup, createStory(), stamp), earlier: [] }, EPOCH, 12)
      .events[0]!;
    for (const event of [started, answered, ended]) {
      expect(callEvent.parse(event)).toEqual(event);
      expect(event).toMatchObject({
        subject: `trunkmesh.call.${id(1)}.${invite.callId}`,
        source: 'trunkmesh/bridge/bridge-1',
        traceparent: stamp.traceparent,
      });
      expect(event.data).toMatchObject({
        from: '+15559876543',
        to: '+15551234567',
        organization_id: id(1),
        trunk_id: id(2),
        number_id: id(3),
        source_address: '127.0.0.1',
      });
    }
    expect(started.data).toMatchObject({
      decision: route,
      decided_at: 'routing-service',
      target: { kind: 'flow', id: 7 },
    });
    expect(ended.data).toMatchObject({
      record_number: 12,
      bridge_epoch: EPOCH,
      billable_ms: 4020,
      started_at: '2026-11-23T00:44:09.871Z',
      microseconds: { started_at: 39, answered_at: 7, ended_at: 5 },
      hangup_cause: 'NORMAL_CLEARING',
      target: { kind: 'flow', id: 7 },
      reconstructed: false,
    });
  });

  it('a refused call that belongs to nobody is under "unknown"', async () => {
    const { invite } = await recorded();
    const refusal = { ...refusedHere(route, 'unknown-source', 'A stranger.'), number: null };
    const event = numbered(
      {
        final: callRejected(invite, refusal, { decidedAt: 'local', endedAt: NOW, sipStatus: 403 }, stamp),
        earlier: [],
      },
      EPOCH,
      1,
    ).events[0]!;
    expect(callEvent.parse(event)).toEqual(event);
    expect(event).toMatchObject({
      subject: `trunkmesh.call.unknown.${invite.callId}`,
      data: { organization_id: null, reason: 'unknown-source', sip_status: 403, decided_at: 'local', to: '9228' },
    });
  });

  it.each<[string, Date | null, string, number]>([
    ['never answered: nothing to charge', null, '2026-11-23T00:50:00.000Z', 0],
    ['lost: charged until it was last seen', new Date('2026-11-23T00:44:00.000Z'), '2026-11-23T00:44:01.500Z', 1500],
    ['lost before its answer was seen to last', new Date('2026-11-23T00:44:00.000Z'), '2026-11-23T00:43:59.000Z', 0],
  ])('%s', async (_case, answeredAt, lastSeen, billable) => {
    const started = callStarted((await recorded()).invite, route, 'local', { ...stamp, traceparent: undefined });
    const event = numbered(
      {
        final: callEnded(started, lostCall(new Date(lastSeen), answeredAt, null), createStory(), {
          ...stamp,
          traceparent: undefined,
        }),
        earlier: [],
      },
      EPOCH,
      2,
    ).events[0]!;
    expect(callEvent.parse(event).data).toMatchObject({ billable_ms: billable, reconstructed: true });
    expect(event).not.toHaveProperty('traceparent');
  });

  it('a caller who cannot be brought to E.164 is what the INVITE said', async () => {
    const invite: InviteFacts = { ...(await recorded()).invite, fromUser: 'anonymous' };
    expect(callStarted(invite, { ...route, caller: null }, 'local', stamp).data.from).toBe('anonymous');
  });
});
