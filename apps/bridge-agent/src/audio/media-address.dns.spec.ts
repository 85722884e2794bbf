import { describe, expect, it } from '@jest/globals';
import { isPrivateLiteral, isPublicAddress, lookupPublic, PRIVATE_ADDRESS } from './media-address.dns.js';

describe('where a customer\'s media URL may lead', () => {
  it.each(['8.8.8.8', '2606:4700:4700::1111', '::ffff:8.8.8.8'])('%s is public', (address) => { expect(isPublicAddress(address)).toBe(true); });
  it.each(['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'fd00::1',
    '::ffff:127.0.0.1', '::ffff:10.0.0.1', 'example.com', ''])('%j is not', (address) => { expect(isPublicAddress(address)).toBe(false); });

  it.each([['ws://127.0.0.1/', true], ['ws://[::1]:9/', true], ['ws://2130706433/', true], ['ws://0x7f.1/', true], ['ws://8.8.8.8/', false], ['ws://example.com/', false]])('%s is a private literal: %s', (url, is) => {
    expect(isPrivateLiteral(new URL(url))).toBe(is);
  });

  it.each([true, false])('a name that leads to the loopback is refused (all: %s)', async (all) => {
    const error = await new Promise((resolve) => { lookupPublic('localhost', { all }, (refusal) => resolve(refusal)); });
    expect(error).toMatchObject({ code: PRIVATE_ADDRESS });
  });
});
