import { describe, expect, it } from '@jest/globals';
import { XMLParser } from 'fast-xml-parser';
import fc from 'fast-check';
import { OUTBOUND_DEFAULTS } from '@trunkmesh/contracts/outbound-settings.js';
import { SETTING_EFFECTS, type TrunkSettings, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { trunkOf } from '@trunkmesh/testkit/states.js';
import type { Hop } from './gateway-address.js';
import { renderGateway } from './gateway-xml.js';
import { hasControlCharacter } from './xml-value.js';

const trunk = (more: Partial<TrunkState> = {}): TrunkState =>
  trunkOf({
    id: '0190a5b2-7c00-7000-8000-000000000001',
    organization_id: '0190a5b2-7c00-7000-8000-0000000000aa',
    name: 'Carrier',
    gateway: 'sip.example.com',
    username: 'carrier-user',
    enabled: true,
    password: null,
    bridge_id: null,
    gateway_revision: 7,
    register: true,
    ...more,
  });

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  htmlEntities: true,
  trimValues: false,
  isArray: (name) => name === 'param' || name === 'variable',
});
interface Parsed {
  include: {
    gateway: {
      name: string;
      param: { name: string; value: string }[];
      variables: { variable: { name: string; value: string; direction?: string }[] };
    };
  };
}

function rendered(state: TrunkState, password: string | null, hop?: Hop) {
  const result = renderGateway(state, password, hop);
  if (!result.ok) throw new Error(result.problem.message);
  const { gateway } = (parser.parse(result.xml) as Parsed).include;
  return {
    xml: result.xml,
    name: gateway.name,
    params: Object.fromEntries(gateway.param.map(({ name, value }) => [name, value])),
    variables: gateway.variables.variable.map(({ name, value, direction }) => [
      name,
      value,
      ...(direction === undefined ? [] : [direction]),
    ]),
  };
}

const code = (state: TrunkState, password: string | null) => {
  const result = renderGateway(state, password);
  return result.ok ? 'ok' : result.problem.code;
};

describe("a gateway's file", () => {
  it('holds what the trunk says', () => {
    const { name, params, variables } = rendered(
      trunk({
        gateway: 'sip.example.com:5080',
        transport: 'tcp',
        realm: 'carrier',
        auth_username: 'auth',
        from_domain: 'example.net',
        expires_seconds: 600,
        ping_seconds: 30,
        codecs: ['PCMA'],
        srtp: 'required',
        headers: { 'X-Org': 'one', 'P-A': 'two' },
      }),
      'secret',
    );
    expect(name).toBe('0190a5b2-7c00-7000-8000-000000000001.7');
    expect(params).toEqual({
      proxy: 'sip.example.com:5080',
      'register-transport': 'tcp',
      context: 'public',
      extension: 'auto_to_user',
      'caller-id-in-from': 'true',
      username: 'carrier-user',
      'from-domain': 'example.net',
      'auth-username': 'auth',
      password: 'secret',
      realm: 'carrier',
      'expire-seconds': '600',
      'retry-seconds': '20',
      ping: '30',
    });
    expect(variables).toEqual([
      ['absolute_codec_string', 'PCMA'],
      ['sip_cid_type', 'pid', 'outbound'],
      ['rtp_secure_media', 'mandatory'],
      ['sip_h_P-A', 'two', 'outbound'],
      ['sip_h_X-Org', 'one', 'outbound'],
    ]);
  });

  it('has its wrapper tags alone on their lines, where FreeSWITCH strips them', () => {
    const lines = rendered(trunk(), 'secret').xml.split('\n');
    expect([lines[0], lines.at(-2), lines.at(-1)]).toEqual(['<include>', '</include>', '']);
  });

  it('brings every value through unharmed', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
      .filter((value) => !hasControlCharacter(value) && !/[:"@$]/.test(value));
    fc.assert(
      fc.property(text, text, text, (password, username, header) => {
        const { params, variables } = rendered(trunk({ username, headers: { 'X-A': header } }), password);
        expect([params.password, params['auth-username'] ?? params.username, variables.at(-1)![1]]).toEqual([
          password,
          username,
          header,
        ]);
        expect(decodeURIComponent(params.username!)).toBe(username);
        expect(params.username).toMatch(/^[\w%.!~*'()+-]+$/);
      }),
    );
  });

  it('needs no credentials where the trunk is trusted by address', () => {
    const { params } = rendered(trunk({ register: false, username: null }), null);
    expect(params).not.toHaveProperty('username');
    expect(params).not.toHaveProperty('from-domain');
    expect(params.register).toBe('false');
  });

  it('takes a username with a domain for an address of record', () => {
    expect(rendered(trunk({ username: '1001@pbx.example.net' }), 'x').params).toMatchObject({
      username: '1001',
      'from-domain': 'pbx.example.net',
      'auth-username': '1001@pbx.example.net',
    });
  });

  it('writes IPv6 as a URI does', () => {
    expect(rendered(trunk({ gateway: '2001:db8::1' }), 'x').params).toMatchObject({
      proxy: '[2001:db8::1]',
      'from-domain': '[2001:db8::1]',
    });
  });

  it('sends to the outbound proxy, and keeps the gateway as the domain', () => {
    const to = (outbound_proxy: string, hop?: Hop) => rendered(trunk({ outbound_proxy }), 'x', hop).params;
    expect(to('192.0.2.5:5080')).toMatchObject({
      proxy: 'sip.example.com',
      'from-domain': 'sip.example.com',
      'register-proxy': 'sip:192.0.2.5:5080;transport=udp',
      'outbound-proxy': 'sip:192.0.2.5:5080;transport=udp',
      'gw-auth-acl': '192.0.2.5/32',
    });
    const found = to('proxy.example.com:5070', { address: '192.0.2.6', port: null });
    expect(found['register-proxy']).toBe('sip:192.0.2.6:5070;transport=udp');
    expect(to('2001:db8::5')['gw-auth-acl']).toBe('2001:db8::5/128');
    expect(code(trunk({ outbound_proxy: 'sip:proxy.example.com' }), 'x')).toBe('gateway-unusable');
  });

  it('lets an IPv6 gateway answer challenges from its own address, and nobody else', () => {
    const result = renderGateway(trunk({ gateway: '[2001:db8::1]:5060' }), 'x');
    expect(result).toMatchObject({ ok: true });
    expect(rendered(trunk({ gateway: '[2001:db8::1]:5060' }), 'x').params['gw-auth-acl']).toBe('2001:db8::1/128');
    const hop = { address: '2001:db8::2', port: null };
    expect(rendered(trunk({ gateway: 'sip.example.com' }), 'x', hop).params['gw-auth-acl']).toBe('2001:db8::2/128');
    expect(rendered(trunk({ gateway: '192.0.2.9' }), 'x').params).not.toHaveProperty('gw-auth-acl');
  });

  it('has FreeSWITCH connect to the checked address and look for the name in the certificate there', () => {
    const to = (hop: Hop) =>
      rendered(trunk({ gateway: 'sip.example.com', transport: 'tls' }), 'x', hop).params['outbound-proxy'];
    const subject = '*.example.com';
    expect(to({ address: '192.0.2.7', port: 5070, subject })).toBe(
      'sip:*.example.com:5070;transport=tls;maddr=192.0.2.7',
    );
    expect(to({ address: '2001:db8::2', port: null, subject })).toBe(
      'sip:*.example.com;transport=tls;maddr=[2001:db8::2]',
    );
  });

  it('lets a gateway by name answer challenges from its checked address, without another look-up', () => {
    const hop = { address: '192.0.2.7', port: null };
    expect(rendered(trunk({ gateway: 'sip.example.com' }), 'x', hop).params['gw-auth-acl']).toBe('192.0.2.7/32');
  });

  it.each<[string, Partial<TrunkState>, string | null, string]>([
    ['no username', { username: null }, 'x', 'username-missing'],
    ['no password', {}, null, 'password-missing'],
    ['an empty password', {}, '', 'password-missing'],
    ['a colon in the password', {}, 'se:cret', 'credentials-unusable'],
    ['a colon in the username', { username: 'a:b' }, 'x', 'credentials-unusable'],
    ['a quote in the username', { auth_username: 'a"b' }, 'x', 'credentials-unusable'],
    ['a line end in the password', {}, 'a\nb', 'credentials-unusable'],
    ['a line end in a header', { headers: { 'X-A': 'a\r\nVia: b' } }, 'x', 'settings-unusable'],
    ['a variable in a header', { headers: { 'X-A': 'a ${b}' } }, 'x', 'settings-unusable'],
    ['a dollar in a header', { headers: { 'X-A': '$5 {b}' } }, 'x', 'ok'],
    ['a line end in the username', { username: 'a\nb' }, 'x', 'settings-unusable'],
    ["credentials longer than FreeSWITCH's buffer", {}, 'x'.repeat(180), 'credentials-too-long'],
    ['the longest that fits', { username: 'u', realm: 'r' }, 'x'.repeat(255 - 'Digest:"r":u:'.length), 'ok'],
    ['one more', { username: 'u', realm: 'r' }, 'x'.repeat(256 - 'Digest:"r":u:'.length), 'credentials-too-long'],
    ['a gateway that is none', { gateway: 'sip:example.com' }, 'x', 'gateway-unusable'],
  ])('%s: %s', (_case, more, password, expected) => {
    expect(code(trunk(more), password)).toBe(expected);
  });

  it('never shows the password in a problem', () => {
    const result = renderGateway(trunk(), 'very:secret');
    expect(JSON.stringify(result)).not.toContain('secret"');
    expect(JSON.stringify(result)).not.toContain('very');
  });
});

describe('every setting that is said to be in the file', () => {
  const OTHER: Required<TrunkSettings> = {
    name: 'Other',
    gateway: 'other.example.com',
    username: 'other-user',
    priority: 3,
    register: false,
    provider: 'other',
    transport: 'tcp',
    srtp: 'required',
    inbound_addresses: ['192.0.2.1'],
    default_country: 'US',
    number_rules: [{ direction: 'inbound', prefix: '0', min_length: 0, max_length: 32, strip: 1, add: '+1' }],
    max_channels: 5,
    max_cps: 1,
    outbound_country_codes: ['US'],
    bridge_pool: 'other',
    from_domain: 'other.example.com',
    realm: 'other',
    auth_username: 'other',
    expires_seconds: 60,
    ping_seconds: 30,
    codecs: ['PCMA'],
    headers: { 'X-Other': 'a' },
    ring_timeout_seconds: 20,
    failover_statuses: [480],
    queue_seconds: 5,
    queue_length: 7,
    identity: { ...OUTBOUND_DEFAULTS.identity, privacy: 'id' },
    outbound_proxy: '192.0.2.55',
  };

  it.each(Object.entries(SETTING_EFFECTS))('%s: %s', (setting, effect) => {
    const changed = { ...trunk(), [setting]: OTHER[setting as keyof TrunkSettings] };
    expect(rendered(changed, 'p').xml !== rendered(trunk(), 'p').xml).toBe(effect === 'gateway');
  });
});
