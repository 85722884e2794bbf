import { expect, it } from '@jest/globals';
import { neverUp } from '../live/hangup-facts.js';
import { endedOf, resultOf, triedOf } from './tried.js';

const NOW = new Date('2026-11-29T04:00:00.000Z');

it('records an attempt that was hung up as soon as it was answered', () => {
  const hangup = { ...neverUp('NORMAL_CLEARING', NOW), answeredAt: NOW };
  const ended = endedOf(triedOf({ outcome: 'hung-up', hangup }));
  expect(resultOf(ended!)).toMatchObject({ outcome: 'answered', reason: null, sip_status: 200 });
});

it('records nothing for an attempt with an unknown end', () => {
  expect(endedOf(triedOf({ outcome: 'lost' }))).toBeUndefined();
});

it('records why an attempt was not answered', () => {
  const busy = {
    outcome: 'unanswered',
    cause: 'USER_BUSY',
    hangup: undefined,
    failureStatus: 486,
    ringing: false,
  } as const;
  expect(resultOf(endedOf(triedOf(busy))!)).toMatchObject({ outcome: 'failed', reason: 'busy' });
});
