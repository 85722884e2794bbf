import { describe, expect, it } from '@jest/globals';
import { callLogGetAnswer, callLogListAnswer, type CallDetail } from '@trunkmesh/contracts/call-log.js';
import { callRejected, callStarted } from '@trunkmesh/testkit/call-events.js';
import { callDetail } from './call-detail.js';
import { detailAnswer, failure, listAnswer } from './call-log-answer.js';
import { evolve } from './call-summary.js';

const bytesOf = (text: string) => new TextEncoder().encode(text).length;
const limit = (maxBytes: number) => ({ maxBytes, bytesOf });
const detail = callDetail([{ known: callStarted(1) }])!;
const { call_sid, call_id, from_number, started_at } = detail;
const summary = JSON.stringify(evolve(undefined, callStarted(1)).summary);

describe('the answer to a list', () => {
  it('is as the contract reads it', () => {
    expect(callLogListAnswer.parse(JSON.parse(listAnswer([summary, summary], 7, limit(1e6))))).toMatchObject({
      outcome: 'list',
      total: 7,
      calls: [{ call_id }, { call_id }],
    });
    expect(JSON.parse(listAnswer([], 0, limit(1e6)))).toEqual({ outcome: 'list', calls: [], total: 0 });
    expect(callLogListAnswer.parse(failure('unavailable', 'x'))).toEqual({
      outcome: 'error',
      code: 'unavailable',
      message: 'x',
    });
  });

  it('holds as many as fit, counted in bytes and not in characters', () => {
    const long = summary.replace(from_number, '€'.repeat(128));
    const answer = listAnswer(
      Array.from({ length: 1000 }, () => long),
      5_000,
      limit(500_000),
    );
    const { calls, total } = JSON.parse(answer) as { calls: unknown[]; total: number };
    expect(bytesOf(answer)).toBeLessThanOrEqual(500_000);
    expect(bytesOf(answer)).toBeGreaterThan(497_000);
    expect(total).toBe(5_000);
    expect(calls.length).toBeGreaterThan(300);
  });
});

describe('the answer to one call', () => {
  const large: CallDetail = {
    ...detail,
    timeline: Array.from({ length: 500 }, (_unused, index) => ({
      at: started_at,
      what: `step-${index}`,
      detail: '\u0001'.repeat(500),
    })),
    invite: {
      request_uri_user: '',
      to_user: '',
      from_user: '',
      headers: Array.from({ length: 64 }, () => ['x-long', '\u0001'.repeat(2048)] as [string, string]),
      truncated: false,
    },
  };

  it('is whole where it fits, and loses the middle of its timeline first', () => {
    expect(JSON.parse(detailAnswer(large, limit(3e6)))).toEqual({ outcome: 'call', call: large });
    const { call } = callLogGetAnswer.parse(JSON.parse(detailAnswer(large, limit(1_200_000)))) as { call: CallDetail };
    expect(call.timeline).toHaveLength(101);
    expect(call.timeline[50]).toEqual({
      at: started_at,
      what: 'timeline-shortened',
      detail: '400 entries are left out',
    });
    expect(call.invite!.headers).toHaveLength(64);
  });

  it.each([600_000, 100_000, 50_000])('fits into %i bytes', (maxBytes) => {
    const answer = detailAnswer(large, limit(maxBytes));
    expect(bytesOf(answer)).toBeLessThanOrEqual(maxBytes);
    expect(callLogGetAnswer.parse(JSON.parse(answer))).toMatchObject({ outcome: 'call', call: { call_id, call_sid } });
  });

  it('says so where nothing helps', () => {
    expect(JSON.parse(detailAnswer(large, limit(500)))).toMatchObject({ outcome: 'error', code: 'unavailable' });
    expect(callDetail([{ known: callRejected(1) }])).toBeDefined();
  });
});
