import { describe, expect, it } from '@jest/globals';
import { leadsElsewhere } from './next-hop.js';

const invite = (variables: Record<string, string>) =>
  new Map(
    Object.entries({ sip_network_ip: '198.51.100.9', ...variables }).map(([name, value]) => [
      `variable_${name}`,
      value,
    ]),
  );

describe('the next hop of a call', () => {
  it.each<[string, Record<string, string>, boolean]>([
    ['the source', { sip_i_contact: '<sip:a@198.51.100.9:5060>' }, false],
    ['another public address', { sip_i_contact: '"A" <sip:a@203.0.113.5;transport=tcp>' }, false],
    ['a private source', { sip_network_ip: '10.0.0.5', sip_i_contact: '<sip:10.0.0.5:5080>' }, false],
    ['an IPv6 source', { sip_network_ip: '2001:db8::9', sip_i_contact: '<sip:a@[2001:DB8::9]:5060>' }, false],
    ['none that is known', {}, false],
    ['a loopback address', { sip_i_contact: '<sip:a@127.0.0.1:8021;transport=tcp>' }, true],
    ['a private address', { sip_i_contact: '<sip:a@192.168.1.5>' }, true],
    ["a cloud's metadata", { sip_i_contact: 'sip:a@169.254.169.254:80' }, true],
    ['loopback in IPv6', { sip_i_contact: '<sip:a@[::ffff:127.0.0.1]>' }, true],
    ['loopback in disguise', { sip_i_contact: '<sip:a@2130706433>' }, true],
    ['a name', { sip_i_contact: '<sip:a@internal.example.com>' }, true],
    ['a public address with maddr', { sip_i_contact: '<sip:a@198.51.100.9;maddr=127.0.0.1>' }, true],
    ['an address in the user part', { sip_i_contact: '<sip:198.51.100.9@10.0.0.5>' }, true],
    ['an address in the display name', { sip_i_contact: '"<sip:198.51.100.9>" <sip:a@10.0.0.5>' }, true],
    ['a user of two parts', { sip_i_contact: '<sip:a@198.51.100.9@10.0.0.5>' }, true],
    ['nothing that can be read', { sip_i_contact: '<>' }, true],
    ['the Contact where all headers are not parsed', { sip_contact_uri: 'a@10.0.0.5:5060' }, true],
    ['a private Record-Route', { sip_i_contact: '<sip:198.51.100.9>', sip_i_record_route: '<sip:10.0.0.5;lr>' }, true],
    [
      'the first of several Record-Routes',
      { sip_i_contact: '<sip:10.0.0.5>', sip_i_record_route: 'ARRAY::<sip:198.51.100.9;lr>|:<sip:10.0.0.7;lr>' },
      false,
    ],
  ])('is %s', (_case, variables, elsewhere) => {
    expect(leadsElsewhere(invite(variables))).toBe(elsewhere);
  });
});
