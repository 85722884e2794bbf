import { describe, expect, it } from '@jest/globals';
import { registrationState } from '@trunkmesh/contracts/bridge.js';
import { registrationHint, type HintContext } from './registration-hint.js';

type Case = [
  title: string,
  status: Partial<HintContext['status']>,
  trunk: Partial<HintContext['trunk']>,
  cause: string | null,
  message?: RegExp,
];

const context = (status: Partial<HintContext['status']>, trunk: Partial<HintContext['trunk']> = {}): HintContext => ({
  status: { state: 'FAIL_WAIT', sip_status: null, sip_phrase: null, ping: null, ...status },
  trunk: {
    gateway: 'sip.example.com',
    username: 'alice',
    auth_username: null,
    transport: 'udp',
    realm: null,
    from_domain: null,
    expires_seconds: 3600,
    register: true,
    ...trunk,
  },
  bridgeAddress: '192.0.2.10',
});

const CASES: Case[] = [
  ['registered', { state: 'REGED', sip_status: 200 }, {}, null],
  ['registered, though an earlier attempt failed', { state: 'REGED', sip_status: 904 }, {}, null],
  ['trusted by address', { state: 'NOREG' }, { register: false }, null],
  ['being tried for the first time', { state: 'TRYING' }, {}, null],
  ['not known yet', { state: null }, {}, null],
  [
    'wrong password',
    { state: 'FAILED', sip_status: 904, sip_phrase: 'Operation has no matching challenge' },
    {},
    'wrong-credentials',
    /wrong username or password.*"alice"/,
  ],
  ['wrong password, between two tries', { state: 'UNREGED', sip_status: 904 }, {}, 'wrong-credentials'],
  [
    'wrong password of another digest user',
    { sip_status: 904 },
    { auth_username: 'digest-alice', realm: 'example.com' },
    'wrong-credentials',
    /"digest-alice".*realm/,
  ],
  [
    'a challenge for another realm',
    { sip_status: 401, sip_phrase: 'Unauthorized' },
    { realm: 'example.org' },
    'challenge-not-answered',
    /"example\.org"/,
  ],
  [
    'a challenge with SHA-256 alone',
    { state: 'FAILED', sip_status: 900, sip_phrase: 'Cannot add credentials' },
    {},
    'digest-not-supported',
    /SHA-256.*MD5 to the user "alice".*tried again/,
  ],
  [
    'a challenge in a form of its own',
    { sip_status: 401, sip_phrase: 'Challenge in an unknown form' },
    {},
    'challenge-not-answered',
    /a form that FreeSWITCH does not know/,
  ],
  [
    "another of FreeSWITCH's own failures",
    { state: 'FAILED', sip_status: 900, sip_phrase: 'Internal NUA Error' },
    {},
    'failed',
    /900 Internal NUA Error/,
  ],
  ['a proxy challenge', { sip_status: 407 }, {}, 'challenge-not-answered'],
  [
    'an unknown host',
    { sip_status: 503, sip_phrase: 'DNS Error' },
    {},
    'host-not-resolved',
    /the host name does not resolve: "sip\.example\.com"/,
  ],
  [
    'an unknown host with TLS is still an unknown host',
    { sip_status: 503, sip_phrase: 'DNS Error' },
    { transport: 'tls' },
    'host-not-resolved',
  ],
  [
    'nothing listens',
    { sip_status: 503, sip_phrase: 'Service Unavailable' },
    {},
    'nothing-answers',
    /sip\.example\.com, port 5060 \(UDP\).*192\.0\.2\.10/,
  ],
  [
    'nothing listens on a port of its own',
    { sip_status: 503, sip_phrase: 'Service Unavailable' },
    { gateway: 'sip.example.com:5080', transport: 'tcp' },
    'nothing-answers',
    /at sip\.example\.com:5080 \(TCP\)/,
  ],
  [
    'nothing listens at an IPv6 address',
    { sip_status: 503, sip_phrase: 'Service Unavailable' },
    { gateway: '[2001:db8::1]' },
    'nothing-answers',
    /\[2001:db8::1\], port 5060/,
  ],
  [
    'nothing listens at an IPv6 address and port',
    { sip_status: 503, sip_phrase: 'Service Unavailable' },
    { gateway: '[2001:db8::1]:5070' },
    'nothing-answers',
    /at \[2001:db8::1\]:5070 \(UDP\)/,
  ],
  [
    'no TLS',
    { sip_status: 503, sip_phrase: 'Service Unavailable' },
    { transport: 'tls' },
    'tls-failed',
    /port 5061 \(TLS\)/,
  ],
  ["silence, as FreeSWITCH's 908", { sip_status: 908 }, {}, 'timeout', /firewall/],
  ['silence, as 408', { sip_status: 408, sip_phrase: 'Request Timeout' }, {}, 'timeout', /firewall/],
  ['silence, as a state', { state: 'TIMEOUT' }, {}, 'timeout'],
  ['forbidden', { sip_status: 403, sip_phrase: 'Forbidden' }, {}, 'forbidden', /allow 192\.0\.2\.10/],
  [
    'unknown user',
    { sip_status: 404, sip_phrase: 'Not Found' },
    { from_domain: 'example.com' },
    'unknown-user',
    /"alice" at "example\.com"/,
  ],
  ['REGISTER not allowed', { sip_status: 405 }, {}, 'register-not-taken', /"register" to false/],
  ['REGISTER not implemented: 501 is not a fault', { sip_status: 501 }, {}, 'register-not-taken'],
  ['interval too brief', { sip_status: 423 }, { expires_seconds: 60 }, 'interval-too-brief', /60 s/],
  ['a URI scheme not taken', { sip_status: 416 }, {}, 'transport-not-taken'],
  ['a security agreement required', { sip_status: 494 }, {}, 'transport-not-taken'],
  ['temporarily unavailable', { sip_status: 480, sip_phrase: 'Temporarily Unavailable' }, {}, 'unavailable'],
  ['moved', { sip_status: 302, sip_phrase: 'Moved Temporarily' }, {}, 'moved', /302 Moved Temporarily/],
  ['bad request', { sip_status: 400, sip_phrase: 'Bad Request' }, {}, 'request-refused', /400 Bad Request/],
  ['a server error', { sip_status: 500, sip_phrase: 'Server Error' }, {}, 'carrier-fault'],
  ['a gateway timeout is the carrier’s', { sip_status: 504 }, {}, 'carrier-fault'],
  ['declined', { sip_status: 603, sip_phrase: 'Decline' }, {}, 'declined'],
  [
    'registered, but not answering pings',
    { state: 'REGED', sip_status: 200, ping: 'down' },
    {},
    'ping-down',
    /OPTIONS pings are not answered/,
  ],
  [
    'registered with an old failure, but not answering pings',
    { state: 'REGED', sip_status: 904, ping: 'down' },
    {},
    'ping-down',
  ],
  [
    'trusted by address, but not answering pings',
    { state: 'NOREG', ping: 'down' },
    { register: false },
    'ping-down',
    /nothing answers OPTIONS/,
  ],
  ['down', { state: 'DOWN' }, {}, 'ping-down'],
  ['failed without a status', { state: 'FAILED' }, {}, 'failed', /the registration failed; it/],
  [
    'a FreeSWITCH status of its own that is not known here',
    { sip_status: 999, sip_phrase: 'Strange' },
    {},
    'failed',
    /999 Strange/,
  ],
  ['expired', { state: 'EXPIRED', sip_status: 200 }, {}, 'expired'],
];

describe('why a trunk does not register', () => {
  it.each(CASES)('%s', (...[, status, trunk, cause, message]: Case) => {
    const hint = registrationHint(context(status, trunk));
    expect(hint?.cause ?? null).toBe(cause);
    if (message) expect(hint?.message).toMatch(message);
  });

  it('every state that does not work and has settled has words', () => {
    const silent = registrationState.options.filter((state) => registrationHint(context({ state })) === null);
    expect(silent).toEqual(['UNREGED', 'TRYING', 'REGISTER', 'REGED', 'UNREGISTER', 'NOREG']);
  });
});
