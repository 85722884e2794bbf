import { describe, expect, it } from '@jest/globals';
import { transferText } from './transfer-text.js';

describe('what became of a transfer', () => {
  it.each([
    ['transferred', 200, 202, 'Transferred: the target answered.'],
    ['refused', 486, 202, 'Not transferred: the target refused with SIP 486. The call goes on here.'],
    ['refused', null, 603, 'the other side refused the transfer itself with SIP 603'],
    ['refused', 180, 202, 'no SIP status says why'],
    ['indeterminate', null, 202, 'was not confirmed in time; the other side answered the request with 202.'],
    ['indeterminate', null, null, 'was not confirmed in time: the other side did not answer the request.'],
  ] as const)('%s, target %s, REFER %s', (outcome, target_status, refer_status, text) =>
    expect(transferText({ outcome, target_status, refer_status })).toContain(text),
  );
});
