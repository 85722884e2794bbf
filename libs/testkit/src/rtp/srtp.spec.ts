import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { writeRtp } from './rtp-packet.js';
import { createSrtp, sessionKeys } from './srtp.js';

const packet = (sequence: number) =>
  writeRtp({
    payloadType: 0,
    marker: false,
    sequence,
    timestamp: sequence * 160,
    ssrc: 0x1234abcd,
    payload: Buffer.from('what is said here'),
  });

describe('SRTP', () => {
  it('derives the keys of RFC 3711 appendix B.3', () => {
    const master = Buffer.from('E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6', 'hex');
    expect(
      Object.fromEntries(
        Object.entries(sessionKeys(master)).map(([name, value]) => [name, value.toString('hex').toUpperCase()]),
      ),
    ).toEqual({
      key: 'C61E7A93744F39EE10734AFE3FF7A087',
      salt: '30CBBC08863D8C85D49DB34A9AE1',
      authentication: 'CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4',
    });
  });

  it('gives back what was protected, and nothing that was altered or is of another key', () => {
    const master = randomBytes(30);
    const sent = createSrtp(master).protect(packet(7));
    expect(sent.includes('what is said here')).toBe(false);
    expect(createSrtp(master).unprotect(sent)).toEqual(packet(7));
    expect(createSrtp(randomBytes(30)).unprotect(sent)).toBeUndefined();
    sent[20]! ^= 1;
    expect(createSrtp(master).unprotect(sent)).toBeUndefined();
  });
});
