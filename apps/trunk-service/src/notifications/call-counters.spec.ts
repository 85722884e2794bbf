import { describe, expect, it } from '@jest/globals';
import type { AttemptFailure } from '@trunkmesh/contracts/call-parts.js';
import { callEnded, callRejected, callStarted, ORG, TRUNK } from '@trunkmesh/testkit/call-events.js';
import { callFactsOf, counted, type CallCounter, type CallFact } from './call-counters.js';

const ended = callEnded(1);
const AT = ended.time;
const NOW = Date.parse(AT) + 1_000;
type Ended = Partial<typeof ended.data>;

const attempt = (reason: AttemptFailure) => ({
  ...callStarted(1),
  type: 'CallAttemptFailed',
  data: {
    ...callStarted(1).data,
    attempt: {
      attempt: 1,
      trunk_id: TRUNK,
      bridge_id: 'bridge-1',
      dialled: '+15551234567',
      outcome: 'failed',
      reason,
      sip_status: 503,
      q850: null,
      hangup_cause: null,
      started_at: AT,
      duration_ms: 1,
      ringing: false,
      failed_over: false,
    },
  },
});
const of = (over: Ended) => callFactsOf({ ...ended, data: { ...ended.data, ...over } }, NOW);

describe('what calls say', () => {
  it.each<[AttemptFailure, boolean | undefined]>([
    ['carrier-failed', true],
    ['no-response', true],
    ['gateway-down', true],
    ['busy', false],
    ['no-answer', false],
    ['limit-reached', undefined],
    ['canceled', undefined],
    ['switch-failed', undefined],
  ])('of a trunk: an attempt that ended as %s', (reason, failed) => {
    const facts = callFactsOf(attempt(reason), NOW).map((fact) => fact.failed);
    expect(facts).toEqual(failed === undefined ? [] : [failed]);
  });

  it('of a trunk: a call that was answered, and how it sounded', () => {
    const mos = { mos: 4.1, quality_percentage: null, jitter_min_ms: null, jitter_max_ms: null };
    const quality = { ...mos, packets_in: null, packets_out: null };
    expect(of({ direction: 'outbound', quality })).toEqual([
      { organization_id: ORG, subject: TRUNK, at: AT, failed: false, mos: 4.1 },
    ]);
    expect(of({ direction: 'inbound', quality: null })).toEqual([]);
    expect(of({ answered_at: null, direction: 'outbound' })).toEqual([]);
  });

  it('of the assistants: whether their stream was there', () => {
    expect(of({ answered_at: null, end_reason: 'assistant-unavailable' })).toEqual([
      { organization_id: ORG, subject: 'organization', at: AT, failed: true },
    ]);
    const rejected = callRejected(1);
    const refused = (reason: string) =>
      callFactsOf({ ...rejected, data: { ...rejected.data, reason } }, Date.parse(rejected.time) + 1_000);
    expect(refused('assistant-unavailable')).toMatchObject([{ subject: 'organization', failed: true }]);
    expect(refused('unknown-number')).toEqual([]);
    expect(of({ end_reason: 'media-stream-lost' })).toContainEqual(
      expect.objectContaining({ subject: 'organization', failed: true }),
    );
  });

  it('nothing, where it is old or no call event', () => {
    expect(callFactsOf(attempt('carrier-failed'), NOW + 7_200_000)).toEqual([]);
    for (const value of [undefined, null, {}, { type: 'CallEnded' }, { type: 'CallAttemptFailed', data: 1 }])
      expect(callFactsOf(value, NOW)).toEqual([]);
  });
});

describe('a counter', () => {
  const fact = (over: Partial<CallFact>): CallFact => ({ organization_id: ORG, subject: TRUNK, at: AT, ...over });
  const after = (...facts: Partial<CallFact>[]) =>
    facts.reduce<CallCounter | undefined>((before, each) => counted(before, fact(each)), undefined);

  it('counts failures in a row, since the first of them', () => {
    const later = new Date(NOW).toISOString();
    expect(after({ failed: true }, { failed: true, at: later })).toMatchObject({ failed: 2, first_failed_at: AT });
    expect(after({ failed: true }, {}, { failed: true })).toMatchObject({ failed: 2 });
    expect(after({ failed: true }, { failed: false })).toMatchObject({ failed: 0, first_failed_at: null });
  });

  it('keeps the latest scores', () => {
    const all = Array.from({ length: 25 }, (_, index) => ({ mos: index }));
    expect(after(...all)!.mos).toEqual(Array.from({ length: 20 }, (_, index) => index + 5));
  });
});
