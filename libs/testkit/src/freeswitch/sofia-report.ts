import type { Gateway } from './gateway.js';
import type { SofiaProfile } from './invite.js';

/** What `sofia status` and `sofia xmlstatus` print. Pure. */
const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const contactOf = ({ settings }: Gateway, sofia: SofiaProfile): string =>
  `<sip:gw+${settings.name}@${sofia.sipAddress}:${sofia.sipPort};transport=${settings.transport};gw=${settings.name}>`;

const addressOf = ({ settings }: Gateway): string => `${settings.fromUser}@${settings.fromDomain}`;

function fields(gateway: Gateway, sofia: SofiaProfile, now: number): [name: string, value: string | number][] {
  const { settings } = gateway;
  return [
    ['name', settings.name],
    ['profile', sofia.name],
    ['scheme', 'Digest'],
    ['realm', settings.realm],
    ['username', settings.username],
    ['password', settings.password === '' ? 'no' : 'yes'],
    ['from', `<sip:${addressOf(gateway)}>`],
    ['contact', contactOf(gateway, sofia)],
    ['exten', settings.extension],
    ['to', `sip:${settings.username}@${settings.proxy.replace(/^sip:/, '')}`],
    ['proxy', settings.proxy],
    ['context', settings.context],
    ['expires', settings.expires],
    ['freq', settings.expires],
    ...pingFields(gateway, now),
    ['state', gateway.state],
    ['status', gateway.up ? 'UP' : 'DOWN'],
    ['uptime-usec', gateway.upFor(now) * 1000],
    ['calls-in', gateway.callsIn],
    ['calls-out', gateway.callsOut],
    ['failed-calls-in', 0],
    ['failed-calls-out', 0],
    ...(gateway.state === 'FAIL_WAIT' ? [['retry', `${gateway.retryIn(now)}s`] as [string, string]] : []),
  ];
}

function pingFields({ settings, up }: Gateway, now: number): [name: string, value: string | number][] {
  const one = settings.ping > 0 ? 1 : 0;
  const answered = one === 1 && up;
  return [
    ['ping', one * Math.floor(now / 1000)],
    ['pingfreq', settings.ping],
    ['pingmin', one],
    ['pingcount', answered ? 1 : 0],
    ['pingmax', one],
    ['pingtime', answered ? '0.70' : '0.00'],
    ['pinging', 0],
  ];
}

const DECLARATION = '<?xml version="1.0" encoding="ISO-8859-1"?>\n';

const element = (gateway: Gateway, sofia: SofiaProfile, now: number): string =>
  `  <gateway>\n${fields(gateway, sofia, now)
    .map(([name, value]) => `    <${name}>${escape(String(value))}</${name}>\n`)
    .join('')}  </gateway>\n`;

export const gatewayXml = (gateway: Gateway, sofia: SofiaProfile, now: number): string =>
  DECLARATION + element(gateway, sofia, now);

export const gatewaysXml = (gateways: readonly Gateway[], sofia: SofiaProfile, now: number): string =>
  `${DECLARATION}<gateways>\n${gateways.map((gateway) => element(gateway, sofia, now)).join('')}</gateways>\n`;

export const profilesXml = (gateways: readonly Gateway[], sofia: SofiaProfile, calls: number): string =>
  [
    `${DECLARATION}<profiles>`,
    '<profile>',
    `<name>${sofia.name}</name>`,
    '<type>profile</type>',
    `<data>sip:mod_sofia@${sofia.sipAddress}:${sofia.sipPort}</data>`,
    `<state>RUNNING (${calls})</state>`,
    '</profile>',
    ...gateways.flatMap((gateway) => [
      '<gateway>',
      `<name>${gateway.settings.name}</name>`,
      '<type>gateway</type>',
      `<data>sip:${escape(addressOf(gateway))}</data>`,
      `<state>${gateway.state}</state>`,
      '</gateway>',
      '',
    ]),
    '</profiles>',
    '',
  ].join('\n');

export const profileXml = (sofia: SofiaProfile): string =>
  [
    `${DECLARATION}<profile>`,
    '  <profile-info>',
    `    <name>${sofia.name}</name>`,
    `    <sip-ip>${sofia.sipAddress}</sip-ip>`,
    `    <url>sip:mod_sofia@${sofia.sipAddress}:${sofia.sipPort}</url>`,
    `    <bind-url>sip:mod_sofia@${sofia.sipAddress}:${sofia.sipPort}` +
      `;maddr=${sofia.sipAddress};transport=udp,tcp</bind-url>`,
    '  </profile-info>',
    '</profile>',
    '',
  ].join('\n');

const RULE = '='.repeat(97);

export function statusTable(gateways: readonly Gateway[], sofia: SofiaProfile, calls: number, now: number): string {
  const row = (name: string, type: string, data: string, state: string) =>
    `${name.padStart(25)}\t${type}\t${data.padStart(42)}\t${state}`;
  const stateOf = (gateway: Gateway) =>
    gateway.state === 'FAIL_WAIT' ? `FAIL_WAIT (retry: ${gateway.retryIn(now)}s)` : gateway.state;
  return [
    `${'Name'.padStart(25)}\t   Type\t${'Data'.padStart(42)}\tState`,
    RULE,
    row(sofia.name, 'profile', `sip:mod_sofia@${sofia.sipAddress}:${sofia.sipPort}`, `RUNNING (${calls})`),
    ...gateways.map((gateway) =>
      row(`${sofia.name}::${gateway.settings.name}`, 'gateway', `sip:${addressOf(gateway)}`, stateOf(gateway)),
    ),
    RULE,
    '1 profile 0 aliases',
    '',
  ].join('\n');
}

const LABELS: Record<string, string> = {
  name: 'Name',
  profile: 'Profile',
  scheme: 'Scheme',
  realm: 'Realm',
  username: 'Username',
  password: 'Password',
  from: 'From',
  contact: 'Contact',
  exten: 'Exten',
  to: 'To',
  proxy: 'Proxy',
  context: 'Context',
  expires: 'Expires',
  freq: 'Freq',
  ping: 'Ping',
  pingfreq: 'PingFreq',
  pingtime: 'PingTime',
  state: 'State',
  status: 'Status',
  'calls-in': 'CallsIN',
  'calls-out': 'CallsOUT',
  'failed-calls-in': 'FailedCallsIN',
  'failed-calls-out': 'FailedCallsOUT',
};

export function gatewayText(gateway: Gateway, sofia: SofiaProfile, now: number): string {
  const lines = fields(gateway, sofia, now)
    .filter(([name]) => LABELS[name] !== undefined)
    .map(([name, value]) => `${LABELS[name]!.padEnd(8)}\t${value}`);
  return [RULE, ...lines, RULE, ''].join('\n');
}
