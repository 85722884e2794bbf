import { describe, expect, it } from '@jest/globals';
import { callStates, outcomeText, sourceText, stepCode, stepText, verdictText } from './call-text.js';

const call = { refusal: null, end_reason: null, status: 'completed' as const, sip_status: null };

describe('a call in words', () => {
  it.each([
    [{ ...call, refusal: 'unknown-number' }, 'refused: the number is none of yours'],
    [{ ...call, refusal: 'of-a-later-version' }, 'refused: of a later version'],
    [{ ...call, refusal: 'constructor' }, 'refused: constructor'],
    [{ ...call, refusal: 'inconclusive' }, 'not known: the bridge did not report what became of it'],
    [{ ...call, end_reason: 'caller-hung-up' as const }, 'the caller hung up'],
    [{ ...call, status: 'ongoing' as const }, 'goes on'],
    [{ ...call, sip_status: 486 }, 'SIP 486'],
    [call, 'ended'],
  ])('%j', (given, text) => expect(outcomeText(given)).toBe(text));

  it.each([
    ['ringing', null, 'it rang', 'ringing'],
    ['call-ended', 'caller-hung-up', 'the call ended: the caller hung up', 'call-ended: caller-hung-up'],
    ['call-rejected', 'srtp-required', 'the call was refused: the trunk requires SRTP', 'call-rejected: srtp-required'],
    ['digits-sent', '3', 'digits were sent: 3', 'digits-sent'],
    ['of-a-later-version', 'x-y', 'of a later version: x-y', 'of-a-later-version'],
  ])('says of the step %s %s: %s', (what, detail, text, code) =>
    expect([stepText({ what, detail }), stepCode({ what, detail })]).toEqual([expect.stringContaining(text), code]),
  );

  it.each([
    [{ queue: null, status: 'completed' as const }, ['completed']],
    [{ queue: { trunk_id: 'a', position: 1, since: 'b' }, status: 'ongoing' as const }, ['queued']],
    [{ queue: null, status: 'failed' as const, trunk_test: true as const }, ['failed', 'trunk test']],
  ])('%j has the states %j', (given, states) => expect(callStates(given as never)).toEqual(states));

  it('says what a source of the called number meant', () =>
    expect([verdictText({ verdict: 'decided' }), sourceText('sole_number'), sourceText('To')]).toEqual([
      'This decided the call.',
      'the trunk’s only number',
      'To',
    ]));
});
