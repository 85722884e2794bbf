import { describe, expect, it } from '@jest/globals';
import { callSid } from '@trunkmesh/contracts/call-control.js';
import { callStatusBody, type CallStatus } from '@trunkmesh/contracts/call-status.js';
import type { TransferResult } from '@trunkmesh/contracts/call-parts.js';
import { ORG, callId } from '@trunkmesh/testkit/call-events.js';
import { answered, ended, started } from '../call-record/call-record.fixture.js';
import { statusOfChange, type StatusChange, type StatusDraft } from './call-status.js';

const AT = new Date('2026-03-01T10:00:03.000Z');
const event = (type: string, data: object): StatusChange => ({
  what: 'event',
  event: { ...started(1), type, data: { ...started(1).data, ...data } } as never,
  started: started(1),
});
const transfer = (outcome: TransferResult['outcome']): TransferResult => ({
  outcome,
  target: 'sip:+15550009999@example.com',
  refer_status: 202,
  target_status: outcome === 'transferred' ? 200 : 486,
  requested_at: AT.toISOString(),
  ended_at: AT.toISOString(),
});
const end = (data: object): StatusChange => ({
  what: 'event',
  event: { ...ended(1).final, data: { ...ended(1).final.data, ...data } } as never,
  started: started(1),
});
const unanswered = (data: object) =>
  end({ answered_at: null, billable_ms: 0, hangup_disposition: 'send_refuse', ...data });
const rejected = (reason: string, sipStatus: number) =>
  event('CallRejected', { reason, sip_status: sipStatus, ended_at: AT.toISOString() });

describe('the statuses that the platform gets', () => {
  it.each<[string, StatusChange, CallStatus | undefined, Partial<StatusDraft>]>([
    ['a call begins', event('CallStarted', {}), 'initiated', { timestamp: started(1).data.started_at }],
    ['it rings', { what: 'ringing', started: started(1), at: AT }, 'ringing', { timestamp: AT.toISOString() }],
    [
      'it is answered',
      { what: 'event', event: answered(1), started: started(1) },
      'answered',
      { timestamp: answered(1).data.answered_at },
    ],
    [
      'a transfer begins',
      { what: 'transfer-started', started: started(1), at: AT },
      'transfer-started',
      { timestamp: AT.toISOString() },
    ],
    [
      'a transfer is refused',
      event('CallTransferFailed', { transfer: transfer('refused') }),
      'transfer-failed',
      { transfer: transfer('refused') },
    ],
    [
      'a transfer succeeds: the end reports it',
      event('CallTransferred', { transfer: transfer('transferred') }),
      undefined,
      {},
    ],
    ['an answered call ends', end({ billable_ms: 1_500 }), 'completed', { duration_seconds: 1.5 }],
    ['its end reason is a transfer', end({ end_reason: 'transferred' }), 'transferred', { end_reason: 'transferred' }],
    [
      'its transfer succeeded',
      end({ transfer: transfer('transferred') }),
      'transferred',
      { transfer: transfer('transferred') },
    ],
    ['its transfer had failed', end({ transfer: transfer('refused') }), 'completed', { transfer: transfer('refused') }],
    [
      'the caller gives up',
      unanswered({ hangup_disposition: 'recv_cancel', hangup_cause: 'ORIGINATOR_CANCEL', sip_status: 487 }),
      'canceled',
      { duration_seconds: 0, hangup_cause: 'ORIGINATOR_CANCEL' },
    ],
    [
      'the caller gives up, whatever the cause is called',
      unanswered({ hangup_disposition: 'recv_cancel', hangup_cause: 'USER_BUSY' }),
      'canceled',
      {},
    ],
    ['nobody answers', unanswered({ hangup_cause: 'NO_ANSWER' }), 'no-answer', {}],
    ['the called party does not respond', unanswered({ hangup_cause: 'NO_USER_RESPONSE' }), 'no-answer', {}],
    ['the called is busy', unanswered({ hangup_cause: 'USER_BUSY' }), 'busy', {}],
    ['it ends otherwise', unanswered({ hangup_cause: 'DESTINATION_OUT_OF_ORDER' }), 'failed', {}],
    ['a name that every object has is no cause', unanswered({ hangup_cause: 'constructor' }), 'failed', {}],
    ['it is over the limit', rejected('limit-reached', 486), 'busy', { reason: 'limit-reached', sip_status: 486 }],
    [
      'its assistant is unavailable',
      rejected('assistant-unavailable', 503),
      'failed',
      { reason: 'assistant-unavailable', sip_status: 503 },
    ],
    ['the caller gives up before the refusal', rejected('assistant-unavailable', 487), 'canceled', { sip_status: 487 }],
    [
      'its recording is stored',
      event('CallRecordingStored', {
        recording: { state: 'local', location: '', bytes: null, duration_ms: null, detail: null },
      }),
      undefined,
      {},
    ],
    [
      'it belongs to nobody',
      event('CallRejected', {
        organization_id: null,
        reason: 'unknown-source',
        sip_status: 403,
        ended_at: AT.toISOString(),
      }),
      undefined,
      {},
    ],
  ])('when %s', (_case, change, status, more) => {
    const draft = statusOfChange(change);
    expect(draft?.status).toBe(status);
    if (draft === undefined) return;
    expect(draft).toMatchObject({
      call_id: callId(1),
      organization_id: ORG,
      direction: 'inbound',
      from_number: started(1).data.from,
      to_number: started(1).data.to,
      ...more,
    });
    expect(() =>
      callStatusBody.parse({ ...draft, type: `call.${draft.status}`, sequence: 1, call_sid: callSid(callId(1)) }),
    ).not.toThrow();
  });

  it('names the assistant or the flow', () => {
    const to = (target: object | null) => statusOfChange(event('CallStarted', { target }));
    expect(to({ kind: 'assistant', id: 42 })).toMatchObject({ assistant_id: 42 });
    expect(to({ kind: 'flow', id: 7 })).toMatchObject({ flow_id: 7 });
    expect(to(null)).not.toHaveProperty('assistant_id');
  });

  it('has the mark of a withheld number', () => {
    expect(statusOfChange(event('CallStarted', { caller_withheld: true }))).toMatchObject({ caller_withheld: true });
    expect(statusOfChange(event('CallStarted', {}))).not.toHaveProperty('caller_withheld');
  });

  it('is cut where the INVITE says more than a number', () => {
    expect(statusOfChange(event('CallStarted', { from: 'x'.repeat(5_000) }))!.from_number).toHaveLength(128);
    expect(statusOfChange(event('CallStarted', { from: `${'x'.repeat(127)}\u{1f600}` }))!.from_number).toBe(
      'x'.repeat(127),
    );
    expect(statusOfChange(event('CallStarted', { to: `${'x'.repeat(126)}\u{1f600}` }))!.to_number).toBe(
      `${'x'.repeat(126)}\u{1f600}`,
    );
  });
});
