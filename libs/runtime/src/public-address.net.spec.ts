import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startNameServer, type NameServer } from '@trunkmesh/testkit/name-server.net.js';
import {
  isPrivateLiteral,
  isPublicAddress,
  lookupPublic,
  PRIVATE_ADDRESS,
  publicLookup,
} from './public-address.net.js';

describe("where a customer's media URL may lead", () => {
  it.each(['8.8.8.8', '2606:4700:4700::1111', '::ffff:8.8.8.8'])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '168.63.129.16',
    '192.0.0.192',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::7f00:1',
    '::a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '2002:7f00:1::1',
    'fec0::1',
    '4000::1',
    'example.com',
    '',
  ])('%j is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    ['ws://127.0.0.1/', true],
    ['ws://[::1]:9/', true],
    ['ws://2130706433/', true],
    ['ws://0x7f.1/', true],
    ['ws://8.8.8.8/', false],
    ['ws://example.com/', false],
  ])('%s is a private literal: %s', (url, is) => {
    expect(isPrivateLiteral(new URL(url))).toBe(is);
  });

  it.each([true, false])('a name that leads to the loopback is refused (all: %s)', async (all) => {
    const error = await new Promise((resolve) => {
      lookupPublic('localhost', { all }, (refusal) => resolve(refusal));
    });
    expect(error).toMatchObject({ code: PRIVATE_ADDRESS });
  });
});

describe('the addresses of a name', () => {
  let names: NameServer;
  beforeAll(async () => {
    names = await startNameServer();
  });
  afterAll(() => names.stop());
  const record = (values: string[]) => ({ ttl: 60, values });
  const look = (name: string, options = {}) =>
    new Promise((resolve) => {
      publicLookup([names.address])(name, { all: true, ...options }, (error, addresses, family) => {
        resolve(error?.code ?? (family === undefined ? addresses : [addresses, family]));
      });
    });

  it.each<[string, string[], string[], object, unknown]>([
    [
      'are all of both families',
      ['8.8.8.8', '8.8.4.4'],
      ['2606:4700::1'],
      {},
      [
        { address: '8.8.8.8', family: 4 },
        { address: '8.8.4.4', family: 4 },
        { address: '2606:4700::1', family: 6 },
      ],
    ],
    ['are those that are public', ['10.0.0.1', '8.8.8.8'], ['fd00::1'], {}, [{ address: '8.8.8.8', family: 4 }]],
    ['are one where one is asked for', ['8.8.8.8'], [], { all: false }, ['8.8.8.8', 4]],
    [
      'are of the family that is asked for',
      ['8.8.8.8'],
      ['2606:4700::1'],
      { family: 6 },
      [{ address: '2606:4700::1', family: 6 }],
    ],
    [
      'are none where all lead into private networks',
      ['169.254.169.254', '127.0.0.1'],
      ['fe80::1', '::1'],
      {},
      PRIVATE_ADDRESS,
    ],
  ])('%s', async (_case, a, aaaa, options, expected) => {
    names.records.clear();
    if (a.length > 0) names.records.set('A host.example.com', record(a));
    if (aaaa.length > 0) names.records.set('AAAA host.example.com', record(aaaa));
    expect(await look('host.example.com', options)).toEqual(expected);
  });

  it('are those of one family where nobody answers for the other', async () => {
    names.records.clear();
    names.records.set('A host.example.com', record(['8.8.8.8'])).set('AAAA host.example.com', null);
    expect(await look('host.example.com')).toEqual([{ address: '8.8.8.8', family: 4 }]);
  });

  it('are none of a name that is not there, or that nobody answers for', async () => {
    names.records.clear();
    expect(await look('host.example.com')).toBe('ENOTFOUND');
    names.records.set('A host.example.com', null).set('AAAA host.example.com', null);
    expect(await look('host.example.com')).toBe('ESERVFAIL');
  });

  it("are not asked for where the name is the loopback's", async () => {
    names.asked.length = 0;
    for (const name of ['localhost', 'LOCALHOST.', 'a.localhost']) expect(await look(name)).toBe(PRIVATE_ADDRESS);
    expect(names.asked).toEqual([]);
  });
});
