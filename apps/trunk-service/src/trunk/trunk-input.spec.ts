import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { OUTBOUND_DEFAULTS } from '@trunkmesh/contracts/outbound-settings.js';
import { trunkSettings, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { trunkOf } from '@trunkmesh/testkit/states.js';
import { patchTrunk, readTrunk, trunkBody } from './trunk-input.js';
import { viewOf } from './trunk-view.js';

const schema = trunkBody({ allowPrivate: false });
const operator = trunkBody({ allowPrivate: false, operator: true });
const whole = { name: 'Carrier', gateway: 'sip.example.com', username: 'acme', password: 'p' };
const state: TrunkState = trunkOf({
  id: '0b8d1ad6-5c7e-4cd5-9b7f-3b8b7a1f0c11',
  organization_id: '3a1dd5a0-2a0a-4d8c-b1a9-7f7b2a0f7b11',
  name: 'Carrier',
  username: 'acme',
  register: true,
  priority: 3,
  headers: { 'X-A': '1', 'X-B': '2' },
  enabled: false,
  password: 'v1.k.AAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBBBBBB',
  bridge_id: 'b1',
  gateway_revision: 2,
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-01-02T03:04:05.678Z',
});

function problemsOf(read: () => unknown): Record<string, string> {
  try {
    read();
  } catch (error) {
    if (error instanceof DomainError)
      return Object.fromEntries(error.details.map(({ pointer, message }) => [pointer, message]));
    throw error;
  }
  return {};
}
const PRIVATE =
  ": no carrier can have it. Use the carrier's public address or name; an address within the operator's network " +
  'is set by the operator';
const WIDE =
  "is wider than an organisation may claim by itself (at most /24 for IPv4, /48 for IPv6): list the carrier's " +
  'own smaller networks, or ask the operator to add it';
const problems = (written: unknown, existing: TrunkState | null = null) =>
  problemsOf(() => readTrunk(schema, written, existing));

const srvName = (instead: string) =>
  `is the name of an SRV record: write the domain, ${instead}, without a port; ` +
  'the SRV records for the trunk\'s "transport" are looked up by themselves';

describe('a new trunk', () => {
  it("takes the contract's defaults", () =>
    expect(readTrunk(schema, whole, null)).toEqual({
      settings: trunkSettings.parse(whole),
      enabled: undefined,
      password: 'p',
    }));
  it('by address needs no credentials', () =>
    expect(problems({ name: 'a', gateway: '192.0.2.1', register: false })).toEqual({}));
  it('by address, from an old client that sends empty texts', () =>
    expect(
      readTrunk(
        schema,
        { name: 'a', gateway: '192.0.2.1', register: false, username: '', password: '', provider: '' },
        null,
      ),
    ).toMatchObject({ settings: { username: null, provider: null }, password: undefined }));
  it('is brought to one spelling', () => {
    const { settings } = readTrunk(
      schema,
      {
        ...whole,
        name: ' Carrier ',
        gateway: 'SIP.example.com.:5060',
        inbound_addresses: ['2001:DB8::1', '192.0.2.1', '192.0.2.1'],
        outbound_country_codes: ['us', 'US', 'de'],
        default_country: 'gb',
      },
      null,
    );
    expect(settings).toMatchObject({
      name: 'Carrier',
      gateway: 'sip.example.com:5060',
      inbound_addresses: ['2001:db8::1', '192.0.2.1'],
      outbound_country_codes: ['US', 'DE'],
      default_country: 'GB',
    });
  });

  it('tells everything that is wrong at once', () => {
    expect(
      problems({
        name: ' ',
        gateway: 'sip://127.0.0.1',
        priority: -1,
        transport: 'sctp',
        inbound_addresses: ['192.0.2.1', '0.0.0.0/0', '10.0.0.0/24', '203.0.0.0/16'],
        default_country: 'XX',
        outbound_country_codes: ['US', 'QQ'],
        number_rules: [
          { direction: 'inbound', min_length: 5, max_length: 4 },
          { direction: 'sideways', perfix: '1' },
        ],
        codecs: ['PCMU', 'PCMU'],
        headers: { Via: 'x' },
        max_chanels: 4,
        expires_seconds: 1,
      }),
    ).toEqual({
      '/name': 'must not be empty',
      '/gateway': 'must be a host without a scheme: leave out what is before it, such as "sip:"',
      '/priority': 'must be at least 0',
      '/transport': 'must be one of "udp", "tcp", "tls"',
      '/inbound_addresses/1': "is wider than a carrier's network can be: the prefix length must be at least 8",
      '/inbound_addresses/2':
        'is not reachable from outside, or holds such addresses: calls could never arrive. Use public ' +
        'addresses; others are set by the operator',
      '/inbound_addresses/3': WIDE,
      '/default_country': 'is not a country that has telephone numbers',
      '/outbound_country_codes/1': 'is not a country that has telephone numbers',
      '/number_rules/0/min_length': 'must not be more than max_length',
      '/number_rules/1/direction': 'must be one of "inbound", "outbound"',
      '/number_rules/1/perfix': 'is not a field of this request; did you mean "prefix"?',
      '/codecs': 'must name each codec once',
      '/headers/Via': 'header names begin with X- or P- and have letters, digits and "-"',
      '/max_chanels': 'is not a field of this request; did you mean "max_channels"?',
      '/expires_seconds': 'must be at least 60',
      '/username': 'is required where "register" is true; a trunk that is trusted by its address has "register": false',
      '/password': 'is required where "register" is true; a trunk that is trusted by its address has "register": false',
    });
  });

  it.each([
    ['127.0.0.1', `is a loopback address${PRIVATE}`],
    ['[fe80::1]:5060', `is a link-local address${PRIVATE}`],
    ['localhost', `is a name that only a private network knows${PRIVATE}`],
    ['192.0.0.192', `is a protocol assignment of the IETF (RFC 6890)${PRIVATE}`],
    ['198.18.0.1', `is a benchmarking address (RFC 2544)${PRIVATE}`],
    ['168.63.129.16', `is a cloud provider's internal address${PRIVATE}`],
    ['[2001::1]', `is a protocol assignment of the IETF (RFC 2928), such as Teredo${PRIVATE}`],
    ['0.0.0.0', 'is the unspecified address: no carrier can have it'],
    ['224.0.0.1', 'is a multicast address: no carrier can have it'],
  ])('at %s is refused', (gateway, message) =>
    expect(problems({ ...whole, gateway })).toEqual({ '/gateway': message }),
  );

  it('may have an outbound proxy, by the rules of the gateway', () => {
    const wanted = (outbound_proxy: unknown) => readTrunk(schema, { ...whole, outbound_proxy }, null);
    expect(wanted('Proxy.example.com:5070').settings.outbound_proxy).toBe('proxy.example.com:5070');
    expect(wanted('').settings.outbound_proxy).toBeNull();
    expect(problems({ ...whole, outbound_proxy: '10.0.0.5' })).toEqual({
      '/outbound_proxy': expect.stringContaining('no carrier can have it'),
    });
    expect(problems({ ...whole, outbound_proxy: '_sip._udp.example.com' })).toEqual({
      '/outbound_proxy': srvName('"example.com"'),
    });
    expect(problems({ ...whole, outbound_proxy: 'sip:proxy.example.com' })).toHaveProperty('/outbound_proxy');
    expect(problems({ ...whole, outbound_proxy: '224.0.0.1' })).toHaveProperty('/outbound_proxy');
    const own = readTrunk(operator, { ...whole, outbound_proxy: '10.0.0.5' }, null).settings;
    const saved = { ...state, outbound_proxy: own.outbound_proxy };
    expect(patchTrunk(schema, { outbound_proxy: '10.0.0.5:5080' }, saved).settings.outbound_proxy).toBe(
      '10.0.0.5:5080',
    );
    expect(problemsOf(() => patchTrunk(schema, { outbound_proxy: '10.0.0.6' }, saved))).toHaveProperty(
      '/outbound_proxy',
    );
    expect(patchTrunk(schema, { outbound_proxy: null }, saved).settings.outbound_proxy).toBeNull();
  });

  it.each([
    ['_sip._udp.example.com', 'example.com'],
    ['_SIPS._TCP.Example.com.', 'example.com'],
    ['_sip._sctp.example.com', 'example.com'],
    ['_sip._tls.sip.example.com:5061', 'sip.example.com'],
    ['_sip._udp._sip._udp.example.com', 'example.com'],
    ['_turn._udp.my_pbx.example.com', 'my_pbx.example.com'],
  ])('at the SRV name %s is refused with the domain to write, to the operator too', (gateway, instead) => {
    const message = srvName(`"${instead}"`);
    expect(problems({ ...whole, gateway })).toEqual({ '/gateway': message });
    expect(problemsOf(() => readTrunk(operator, { ...whole, gateway }, null))).toEqual({ '/gateway': message });
    expect(problemsOf(() => patchTrunk(schema, { gateway }, state))).toEqual({ '/gateway': message });
  });
  it('at an SRV name without a domain is refused', () =>
    expect(problems({ ...whole, gateway: '_sip._udp' })).toEqual({
      '/gateway': srvName('for example "example.com"'),
    }));
  it.each(['my_pbx.example.com', '_sip.example.com', '_pbx.my_site.example.com', '_a._b.example.com'])(
    'may have underscores elsewhere: %s',
    (gateway) => expect(problems({ ...whole, gateway })).toEqual({}),
  );

  it("may be private where the operator says so, and still not nobody's", () => {
    const lenient = trunkBody({ allowPrivate: true });
    expect(
      readTrunk(lenient, { ...whole, gateway: '127.0.0.1:5090', inbound_addresses: ['127.0.0.1', '10.0.0.0/24'] }, null)
        .settings.gateway,
    ).toBe('127.0.0.1:5090');
    expect(problemsOf(() => readTrunk(lenient, { ...whole, gateway: '0.0.0.0' }, null))).toHaveProperty('/gateway');
    expect(problemsOf(() => readTrunk(lenient, { ...whole, inbound_addresses: ['0.0.0.0/0'] }, null))).toHaveProperty(
      '/inbound_addresses/0',
    );
  });

  it.each(['203.0.112.0/23', '203.0.0.0/8', '2001:db8::/47', '2001:db8::/32'])(
    'that claims %s is refused, but not to the operator',
    (network) => {
      expect(problems({ ...whole, inbound_addresses: ['192.0.2.1', network] })).toEqual({
        '/inbound_addresses/1': WIDE,
      });
      expect(
        problemsOf(() =>
          readTrunk(trunkBody({ allowPrivate: true }), { ...whole, inbound_addresses: [network] }, null),
        ),
      ).toEqual({ '/inbound_addresses/0': WIDE });
      expect(
        problemsOf(() => readTrunk(operator, { ...whole, inbound_addresses: [network], gateway: '10.0.0.5' }, null)),
      ).toEqual({});
    },
  );
  it.each(['203.0.113.0/24', '2001:db8::/48', '198.51.100.7'])('that claims %s is taken', (network) =>
    expect(problems({ ...whole, inbound_addresses: [network] })).toEqual({}),
  );
  it("by the operator may be private, and still not nobody's", () =>
    expect(
      problemsOf(() => readTrunk(operator, { ...whole, gateway: '224.0.0.1', inbound_addresses: ['0.0.0.0/0'] }, null)),
    ).toEqual({
      '/gateway': 'is a multicast address: no carrier can have it',
      '/inbound_addresses/0': expect.stringContaining('at least 8'),
    }));

  it.each<[string, unknown]>([
    ['/username', { username: 'a:b' }],
    ['/auth_username', { auth_username: 'a"b' }],
    ['/password', { password: 'a:b' }],
    ['/password', { password: 'p'.repeat(200) }],
    ['/name', { name: 'a\ud800' }],
    ['/username', { username: 'a\r\nb' }],
    ['/username', { username: ' a' }],
    ['/password', { password: 'a\u0000b' }],
    ['/realm', { realm: 'a"b' }],
    ['/from_domain', { from_domain: 'a b' }],
    ['/from_domain', { from_domain: 'sip:x' }],
    ['/headers/X-A', { headers: { 'X-A': 'a\r\nVia: b' } }],
    ['/headers/X-A', { headers: { 'X-A': '{{nobody}}' } }],
    ['/headers/X-A', { headers: { 'X-A': '${hostname}' } }],
    ['/headers/X-A', { headers: { 'X-A': '{from}' } }],
    ['/identity/from_user', { identity: { from_user: '{{nobody}}' } }],
    ['/identity/colour', { identity: { colour: 'red' } }],
    ['/failover_statuses/0', { failover_statuses: [487] }],
    ['/queue_seconds', { queue_seconds: 601 }],
    ['/queue_length', { queue_length: -1 }],
    ['/ring_timeout_seconds', { ring_timeout_seconds: 4 }],
    ['/name', { name: 'a\u001b[2J' }],
    ['/bridge_pool', { bridge_pool: 'a.b' }],
    ['/bridge_pool', { bridge_pool: '*' }],
    ['/provider', { provider: 'a\tb' }],
    ['/gateway', { gateway: 'x.example.com\r\nX-Evil: 1' }],
    ['/gateway', { gateway: 'x'.repeat(10_000) }],
    ['/name', { name: null }],
    ['/enabled', { enabled: 'yes' }],
    ['/priority', { priority: '1' }],
    ['/max_cps', { max_cps: Number.NaN }],
  ])('%s: a hostile value is refused', (pointer, more) =>
    expect(Object.keys(problems({ ...whole, ...(more as object) }))).toEqual([pointer]),
  );

  it.each([null, [], 'x', 1])('%j is no trunk', (written) => expect(problems(written)).toHaveProperty(''));
});

describe('a whole update', () => {
  it('without a password keeps it', () =>
    expect(readTrunk(schema, { name: 'a', gateway: 'b.example.com', username: 'c' }, state).password).toBeUndefined());
  it('of what was read is accepted', () =>
    expect(readTrunk(schema, viewOf(state), state)).toEqual({
      settings: trunkSettings.parse(state),
      enabled: false,
      password: undefined,
    }));
  it('keeps addresses that it may not claim any more, and takes no others', () => {
    const old = { ...state, gateway: '192.0.0.5:5060', inbound_addresses: ['203.0.0.0/8', '10.0.0.0/24'] };
    expect(problems({ ...whole, gateway: '192.0.0.5:5061', inbound_addresses: old.inbound_addresses }, old)).toEqual(
      {},
    );
    expect(problemsOf(() => patchTrunk(schema, { name: 'Other' }, old))).toEqual({});
    expect(
      Object.keys(
        problems(
          { ...whole, gateway: '192.0.0.6', inbound_addresses: ['203.0.0.0/9', '10.0.1.0/24', '203.0.0.0/8'] },
          old,
        ),
      ),
    ).toEqual(['/gateway', '/inbound_addresses/0', '/inbound_addresses/1']);
  });
  it('keeps an SRV name that the trunk has, and takes no other', () => {
    const old = { ...state, gateway: '_sip._udp.example.com' };
    expect(problemsOf(() => patchTrunk(schema, { name: 'Other' }, old))).toEqual({});
    expect(problems({ ...whole, gateway: '_SIP._udp.example.com' }, old)).toEqual({});
    expect(Object.keys(problems({ ...whole, gateway: '_sip._tcp.example.com' }, old))).toEqual(['/gateway']);
  });
  it('that takes the password from a registering trunk is refused', () =>
    expect(Object.keys(problems({ ...whole, password: null }, state))).toEqual(['/password']));
  it('that begins to register needs a password', () =>
    expect(Object.keys(problems({ ...whole, password: undefined }, { ...state, password: null }))).toEqual([
      '/password',
    ]));
});

describe('a partial update', () => {
  const patch = (changes: unknown) => patchTrunk(schema, changes, state);
  it('changes what it names', () =>
    expect(patch({ priority: 1 })).toEqual({
      settings: { ...trunkSettings.parse(state), priority: 1 },
      enabled: false,
      password: undefined,
    }));
  it('null goes back to the default', () =>
    expect(patch({ priority: null, headers: null }).settings).toMatchObject({ priority: 10, headers: {} }));
  it('merges headers (RFC 7396)', () =>
    expect(patch({ headers: { 'X-B': null, 'X-C': '3' } }).settings.headers).toEqual({ 'X-A': '1', 'X-C': '3' }));
  it('merges the identity (RFC 7396)', () =>
    expect(patch({ identity: { privacy: 'id', diversion: null } }).settings.identity).toEqual({
      ...OUTBOUND_DEFAULTS.identity,
      privacy: 'id',
    }));
  it('takes a password', () => expect(patch({ password: 'new' }).password).toBe('new'));
  it('turns a trunk on', () => expect(patch({ enabled: true }).enabled).toBe(true));
  it('takes the password with register', () =>
    expect(patch({ password: null, register: false })).toMatchObject({
      password: null,
      settings: { register: false },
    }));
  it.each<[unknown, string[]]>([
    [{ name: null }, ['/name']],
    [{ gateway: null }, ['/gateway']],
    [{ usernam: null }, ['/usernam']],
    [{ colour: 1 }, ['/colour']],
    [{ username: null }, ['/username']],
    [{ password: null }, ['/password']],
    [{ enabled: null }, ['/enabled']],
    [{ headers: { 'X-A': 1 } }, ['/headers/X-A']],
    [{ headers: [] }, ['/headers']],
    [[], ['']],
    ['x', ['']],
  ])('%j is refused at %j', (changes, pointers) =>
    expect(Object.keys(problemsOf(() => patch(changes)))).toEqual(pointers),
  );
});

describe('what is shown', () => {
  it('has no password, and says whether there is one', () => {
    const shown = viewOf(state);
    expect(shown).toMatchObject({ has_password: true, status_url: `/api/v1/sip-trunks/${state.id}/status` });
    expect(shown).not.toHaveProperty('password');
    expect(JSON.stringify(shown)).not.toContain(state.password);
  });
  it.each<[string, Partial<TrunkState>, string[]]>([
    ['SRTP without TLS', { srtp: 'required' }, ['/srtp']],
    ['TLS without SRTP', { transport: 'tls' }, ['/srtp']],
    ['TLS on 5060', { transport: 'tls', srtp: 'required', gateway: 'a.example.com:5060' }, ['/gateway']],
    ['UDP on 5061', { gateway: 'a.example.com:5061' }, ['/gateway']],
    ['by address without addresses', { register: false }, ['/inbound_addresses']],
    ['nothing odd', {}, []],
  ])('hints: %s', (_title, more, pointers) =>
    expect(viewOf({ ...state, ...more }).hints.map(({ pointer }) => pointer)).toEqual(pointers),
  );
});
