import { describe, expect, it } from '@jest/globals';
import { callDetail as detailSchema, callSummary } from '@trunkmesh/contracts/call-log.js';
import type { CallEvent, CallStarted } from '@trunkmesh/contracts/call.js';
import {
  callAnswered,
  callEnded,
  callRecordingStored,
  callRejected,
  callStarted,
  callTransferFailed,
  callTransferred,
} from '@trunkmesh/testkit/call-events.js';
import { callDetail } from './call-detail.js';
import { readStored } from './stored-event.js';

const detailOf = (...events: object[]) => callDetail(events.map((event) => readStored(JSON.stringify(event))!))!;
const invite = {
  request_uri_user: '9228',
  to_user: '9228',
  from_user: '+15559876543',
  headers: [
    ['diversion', '<sip:+15551234567@pbx.example.com>'],
    ['proxy-authorization', 'Digest response="x"'],
    ['x-api-key', 'x'],
  ] as [string, string][],
  truncated: false,
};
const started: CallStarted = { ...callStarted(1), data: { ...callStarted(1).data, invite } };
const story = {
  timeline: [
    { at: '2026-11-23T00:44:13.951Z', what: 'bye-received', detail: null },
    { at: '2026-11-23T00:44:09.871Z', what: 'prewarm-sent', detail: null },
    { at: '2026-11-23T00:44:09.900Z', what: 'stream-connected', detail: '29 ms' },
  ],
  prewarm: { outcome: 'prewarmed' as const, ms: 21, detail: null },
};
const ended = {
  ...callEnded(1),
  data: {
    ...callEnded(1).data,
    ...story,
    quality: {
      mos: 4.4,
      quality_percentage: 99,
      jitter_min_ms: 0.1,
      jitter_max_ms: 1,
      packets_in: 200,
      packets_out: 201,
    },
  },
};

describe('everything that is known of a call', () => {
  const whole: CallEvent[] = [
    callRecordingStored(1),
    ended,
    callTransferred(1),
    callTransferFailed(1),
    callAnswered(1),
    started,
  ];

  it('is a timeline of its events and its steps, by their times, whatever the order in which they came', () => {
    const { timeline } = detailOf(...whole);
    expect(timeline.map(({ at, what }) => `${at.slice(17, 23)} ${what}`)).toEqual([
      '09.871 call-started',
      '09.871 prewarm-sent',
      '09.900 stream-connected',
      '09.931 call-answered',
      '13.000 call-transferred',
      '13.000 call-transfer-failed',
      '13.951 bye-received',
      '13.951 call-ended',
      '20.000 call-recording-stored',
    ]);
    expect(timeline.find(({ what }) => what === 'call-transfer-failed')).toMatchObject({ detail: 'refused (486)' });
  });

  it('has the answer once, on the clock of the steps around it', () => {
    const steps = [
      { at: '2026-11-23T00:44:09.940Z', what: 'stream-connected', detail: null },
      { at: '2026-11-23T00:44:09.948Z', what: 'answered', detail: 'PCMU' },
    ];
    const { timeline, answered_at } = detailOf(started, callAnswered(1), {
      ...ended,
      data: { ...ended.data, timeline: steps },
    });
    expect(timeline.map(({ at, what }) => `${at.slice(17, 23)} ${what}`)).toEqual([
      '09.871 call-started',
      '09.940 stream-connected',
      '09.948 call-answered',
      '13.951 call-ended',
    ]);
    expect(answered_at).toBe('2026-11-23T00:44:09.931Z');
  });

  it('has the INVITE without credentials, routing, prewarm, quality, recording and transfer', () => {
    const detail = detailOf(...whole);
    expect(detailSchema.parse(detail)).toEqual(detail);
    expect(detail).toMatchObject({
      status: 'completed',
      sip_call_id: '1@192.0.2.9',
      source_address: '192.0.2.9',
      invite: { headers: [['diversion', '<sip:+15551234567@pbx.example.com>']] },
      decided_at: 'routing-service',
      prewarm: { outcome: 'prewarmed' },
      quality: { mos: 4.4 },
      mos: 4.4,
      recording: { state: 'stored' },
      transfer: { outcome: 'transferred' },
      transferred_to: 'sip:+15551112222@192.0.2.9',
      caller_id: null,
      attempts: [],
      reconstructed: false,
    });
  });

  it('names its trace where one of its events has it', () => {
    const traced = { ...callAnswered(1), traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    expect(detailOf(started, traced).trace_id).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(detailOf(started, callAnswered(1)).trace_id).toBeNull();
  });

  it('marks the number of a caller who withholds it, in the list as well', () => {
    const withheld = (event: CallEvent) => ({ ...event, data: { ...event.data, caller_withheld: true } });
    const detail = detailOf(withheld(started), withheld(ended));
    expect(detailSchema.parse(detail)).toMatchObject({ from_number: '+15559876543', caller_withheld: true });
    expect(callSummary.parse(detail)).toMatchObject({ caller_withheld: true });
    expect(JSON.stringify(detailOf(started, ended))).not.toContain('caller_withheld');
  });

  it("marks the call of a trunk's test, in the list as well", () => {
    const test = (event: CallEvent) => ({ ...event, data: { ...event.data, trunk_test: true as const } });
    expect(callSummary.parse(detailOf(test(started), test(ended)))).toMatchObject({ trunk_test: true });
    expect(JSON.stringify(detailOf(started, ended))).not.toContain('trunk_test');
  });

  it("shows no password and no token that a header's URI holds", () => {
    const raw = '<sip:+15551234567:s3cr3t@pbx.example.com;token=s3cr3t>';
    const decision: CallStarted['data']['decision'] = {
      outcome: 'refuse',
      reason: 'unknown-number',
      sip_status: 404,
      organization_id: null,
      trunk_id: null,
      number: null,
      explanation: {
        source_address: '192.0.2.9',
        claimed_gateway: null,
        candidates: [],
        steps: [{ source: 'Diversion', raw, number: '+15551234567', verdict: 'nobodys-number' }],
        summary: 'Refused.',
      },
    };
    const detail = detailOf({
      ...started,
      data: {
        ...started.data,
        decision,
        invite: {
          ...invite,
          headers: [
            ['diversion', raw],
            ['x-key', 's3cr3t'],
          ],
        },
      },
    });
    expect(JSON.stringify(detail)).not.toContain('s3cr3t');
    expect(detail).toMatchObject({
      invite: { headers: [['diversion', '<sip:+15551234567:***@pbx.example.com;token=***>']] },
      routing: { explanation: { steps: [{ verdict: 'nobodys-number' }] } },
    });
  });

  it('is what there is, of a call that goes on, one that was refused, and one of an older agent', () => {
    expect(detailOf(callStarted(1))).toMatchObject({
      status: 'ongoing',
      invite: null,
      prewarm: null,
      audio: null,
      timeline: [{ what: 'call-started' }],
    });
    expect(detailOf({ ...callRejected(1), data: { ...callRejected(1).data, invite, ...story } })).toMatchObject({
      status: 'failed',
      refusal: 'unknown-number',
      decided_at: 'local',
      invite: { from_user: '+15559876543' },
      prewarm: { ms: 21 },
    });
    expect(detailOf(callEnded(1))).toMatchObject({
      status: 'completed',
      timeline: [{ what: 'call-ended', detail: 'NORMAL_CLEARING' }],
      decided_at: null,
      end_reason: 'caller-hung-up',
    });
  });

  it('names an event that only a later version knows, and passes over what cannot be read', () => {
    expect(
      detailOf(callStarted(1), { ...callStarted(1), type: 'CallWhispered', time: '2026-11-23T00:44:12.000Z' }).timeline,
    ).toEqual([
      { at: '2026-11-23T00:44:09.871Z', what: 'call-started', detail: null },
      { at: '2026-11-23T00:44:12.000Z', what: 'call-whispered', detail: null },
    ]);
    expect(readStored('{"type":"CallEnded"}')).toBeUndefined();
    expect(callDetail([])).toBeUndefined();
  });

  it("has a caller's number whole where the list has cut it", () => {
    const from = '9'.repeat(300);
    expect(detailOf({ ...started, data: { ...started.data, from } })).toMatchObject({ from_number: from });
  });
});
