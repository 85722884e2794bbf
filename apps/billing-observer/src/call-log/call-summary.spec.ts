import { describe, expect, it } from '@jest/globals';
import { callSummary } from '@trunkmesh/contracts/call-log.js';
import type { CallEnded, CallEvent } from '@trunkmesh/contracts/call.js';
import fc from 'fast-check';
import {
  callAnswered,
  callEnded,
  callId,
  callRecordingStored,
  callRejected,
  callStarted,
  callTransferFailed,
  callTransferred,
} from '@trunkmesh/testkit/call-events.js';
import { evolve, type CallRow } from './call-summary.js';

const fold = (events: readonly CallEvent[]) => events.reduce<CallRow | undefined>(evolve, undefined)!;
const summaryOf = (...events: CallEvent[]) => fold(events).summary;
const ended = (data: Partial<CallEnded['data']>): CallEnded => ({
  ...callEnded(1),
  data: { ...callEnded(1).data, ...data },
});

describe('a call as the list shows it', () => {
  it('goes on from its start until its end', () => {
    expect(summaryOf(callStarted(1))).toMatchObject({
      call_id: callId(1),
      call_sid: `CA${callId(1).replaceAll('-', '')}`,
      status: 'ongoing',
      assistant_id: 7,
      flow_id: null,
      answered_at: null,
      duration_seconds: null,
      ended_by: null,
      carrier_cost: 'external',
    });
    expect(summaryOf(callStarted(1), callAnswered(1))).toMatchObject({
      status: 'ongoing',
      answered_at: '2026-11-23T00:44:09.931Z',
      codec: 'PCMU',
    });
    expect(summaryOf(callStarted(1), callAnswered(1), callEnded(1))).toMatchObject({
      status: 'completed',
      ended_at: '2026-11-23T00:44:13.951Z',
      duration_seconds: 4.02,
      hangup_cause: 'NORMAL_CLEARING',
      sip_status: 200,
    });
  });

  it('is read by the contract, whatever of it is known', () => {
    for (const event of [
      callStarted(1),
      callAnswered(1),
      callTransferred(1),
      callTransferFailed(1),
      callRejected(1),
      callEnded(1),
      callRecordingStored(1),
    ]) {
      const summary = summaryOf(event);
      expect(callSummary.parse(summary)).toEqual(summary);
      // Only an outbound call has `call_meta`.
      expect([...Object.keys(summary), 'call_meta']).toEqual(Object.keys(callSummary.shape));
    }
  });

  it('says at its end that its carrier was one of the platform', () => {
    expect(summaryOf(ended({}))).toMatchObject({ carrier_cost: 'external' });
    const managed = summaryOf(ended({ carrier: 'managed' }));
    expect(callSummary.parse(managed)).toMatchObject({ carrier_cost: 'managed' });
  });

  it('that was refused has failed, and says why', () => {
    expect(summaryOf(callRejected(1))).toMatchObject({
      status: 'failed',
      refusal: 'unknown-number',
      sip_status: 404,
      duration_seconds: 0,
      ended_by: 'bridge',
      end_reason: null,
    });
  });

  it('that nobody answered has failed', () => {
    expect(summaryOf(callStarted(1), ended({ answered_at: null, billable_ms: 0, codec: null }))).toMatchObject({
      status: 'failed',
      answered_at: null,
      duration_seconds: 0,
    });
  });

  it.each<[string, Partial<CallEnded['data']>, string | null, string | null]>([
    ['the agent says why', { end_reason: 'media-stream-lost' }, 'media-stream-lost', 'assistant'],
    [
      'the agent says why, and FreeSWITCH something else',
      { end_reason: 'api-hung-up', hangup_disposition: 'recv_bye' },
      'api-hung-up',
      'platform',
    ],
    ['nobody saw it', { end_reason: 'unseen' }, 'unseen', 'unknown'],
    ['an older record: BYE came from the caller', { hangup_disposition: 'recv_bye' }, 'caller-hung-up', 'caller'],
    [
      'an older record: CANCEL came',
      { hangup_disposition: 'recv_cancel', answered_at: null },
      'caller-gave-up',
      'caller',
    ],
    ['an older record: BYE went to the caller', { hangup_disposition: 'send_bye' }, null, null],
    ['an older record of an outbound call', { hangup_disposition: 'recv_bye', direction: 'outbound' }, null, null],
    ["an older record without FreeSWITCH's word", { hangup_disposition: null }, null, null],
  ])('%s', (_case, data, end_reason, ended_by) => {
    expect(summaryOf(ended(data))).toMatchObject({ end_reason, ended_by });
  });

  it('keeps the codec that only CallAnswered knew', () => {
    expect(summaryOf(callAnswered(1), ended({ codec: null, reconstructed: true }))).toMatchObject({
      codec: 'PCMU',
      status: 'completed',
    });
  });

  it('shows a transfer only where its target answered', () => {
    expect(summaryOf(callTransferFailed(1))).toMatchObject({ transferred_to: null });
    expect(summaryOf(callTransferFailed(1), callTransferred(1))).toMatchObject({
      transferred_to: 'sip:+15551112222@192.0.2.9',
    });
    expect(summaryOf(callTransferred(1), ended({ transfer: null }))).toMatchObject({
      transferred_to: 'sip:+15551112222@192.0.2.9',
    });
  });

  it('shows a stored recording, also when its event arrives before the end', () => {
    const pending = ended({
      recording: { state: 'pending', location: 's3://recordings/x.wav', bytes: null, duration_ms: null, detail: null },
    });
    expect(summaryOf(pending)).toMatchObject({ recording: { state: 'pending' } });
    expect(summaryOf(callRecordingStored(1), pending)).toMatchObject({
      recording: { state: 'stored', bytes: 64_364 },
      status: 'completed',
    });
  });

  it('holds no text that is as long as a caller likes', () => {
    const long = summaryOf(
      ended({ from: '9'.repeat(50_000), to: '8'.repeat(50_000), hangup_cause: 'X'.repeat(9_000) }),
    );
    expect(JSON.stringify(long).length).toBeLessThan(1_200);
  });
});

/** Several of each type, with differing words: a bridge that was cut off, one that died, one that numbers wrongly. */
const event = fc
  .record({
    kind: fc.constantFrom(
      callStarted,
      callAnswered,
      callTransferred,
      callTransferFailed,
      callRejected,
      callRecordingStored,
    ),
    id: fc.uuid(),
    codec: fc.constantFrom(null, 'PCMA', 'PCMU'),
    from: fc.string(),
  })
  .map(({ kind, id, codec, from }) => {
    const made = kind(1);
    return {
      ...made,
      id,
      data: { ...made.data, from, ...(made.type === 'CallAnswered' ? { codec } : {}) },
    } as CallEvent;
  });
const end = fc
  .record({
    id: fc.uuid(),
    codec: fc.constantFrom(null, 'PCMU'),
    answered_at: fc.constantFrom(null, '2026-11-23T00:44:10.000Z'),
    kind: fc.constantFrom(null, 'assistant' as const, 'flow' as const),
    recorded: fc.boolean(),
  })
  .map(({ id, codec, answered_at, kind, recorded }): CallEvent => ({
    ...ended({
      codec,
      answered_at,
      target: kind === null ? null : { kind, id: 3 },
      recording: recorded ? { state: 'pending', location: id, bytes: null, duration_ms: null, detail: null } : null,
    }),
    id,
  }));

describe('the order in which events come', () => {
  it('does not matter, nor how often, nor late: the row is the same byte for byte', () => {
    const history = fc
      .uniqueArray(fc.oneof(event, end), { minLength: 1, maxLength: 9, selector: ({ id }) => id })
      .chain((events) =>
        fc.tuple(
          fc.constant(events),
          fc.shuffledSubarray([...events, ...events, ...events], {
            minLength: events.length,
            maxLength: 3 * events.length,
          }),
        ),
      );
    fc.assert(
      fc.property(history, ([events, arrived]) => {
        const all = [...arrived, ...events.filter((one) => !arrived.includes(one))];
        expect(JSON.stringify(fold(all))).toBe(JSON.stringify(fold(events)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not matter for the ordinary call in any of its permutations', () => {
    const ordinary = [
      callStarted(1),
      callAnswered(1),
      callTransferFailed(1),
      callTransferred(1),
      ended({ codec: null }),
      callRecordingStored(1),
    ];
    const expected = JSON.stringify(fold(ordinary));
    for (const permutation of permutations<CallEvent>(ordinary))
      expect(JSON.stringify(fold(permutation))).toBe(expected);
  });
});

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, at) =>
    permutations(items.filter((_other, index) => index !== at)).map((rest) => [item, ...rest]),
  );
}
