import { describe, expect, it } from '@jest/globals';
import { deliveryOf } from './delivery.js';

describe('deliveryOf', () => {
  it.each([
    ['$JS.ACK.TRUNKMESH.abc.1.1234.56.1700000000000000000.789', { sequence: 1234, consumerSequence: 56, pending: 789 }],
    [
      '$JS.ACK.hub.ACCOUNT.TRUNKMESH.abc.1.1234.56.1700000000000000000.789',
      { sequence: 1234, consumerSequence: 56, pending: 789 },
    ],
    [
      '$JS.ACK._.ACCOUNT.TRUNKMESH.abc.1.1234.56.1700000000000000000.789.token',
      { sequence: 1234, consumerSequence: 56, pending: 789 },
    ],
    ['$JS.FC.TRUNKMESH.abc.xyz', undefined],
    ['$JS.ACK.TRUNKMESH.abc.1.x.56.1.0', undefined],
    ['', undefined],
  ])('%s', (reply, delivery) => {
    expect(deliveryOf(reply)).toEqual(delivery);
  });
});
