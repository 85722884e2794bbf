import { describe, expect, it } from '@jest/globals';
import { callFilter, isDecidingHeader, outcomeText, verdictText } from './call-text.js';

const call = { refusal: null, end_reason: null, status: 'completed' as const, sip_status: null };

describe('a call in words', () => {
  it.each([
    [{ ...call, refusal: 'unknown-number' }, 'refused: unknown number'],
    [{ ...call, end_reason: 'caller-hung-up' as const }, 'caller hung up'],
    [{ ...call, status: 'ongoing' as const }, 'goes on'],
    [{ ...call, sip_status: 486 }, 'SIP 486'],
    [call, 'ended'],
  ])('%j', (given, text) => expect(outcomeText(given)).toBe(text));

  it('names the header that decided, in any case', () => {
    expect(isDecidingHeader('diversion', 'Diversion')).toBe(true);
    expect(isDecidingHeader('To', 'Diversion')).toBe(false);
    expect(isDecidingHeader('To', null)).toBe(false);
    expect(verdictText({ verdict: 'decided' })).toBe('This decided the call.');
  });

  it('is filtered by what is chosen', () => {
    expect(callFilter({ status: '', direction: '', phone: ' ' })).toEqual({});
    expect(callFilter({ status: 'failed', direction: 'inbound', phone: '+1555' })).toEqual({
      status: 'failed',
      direction: 'inbound',
      customer_phone: '+1555',
    });
  });
});
