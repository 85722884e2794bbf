import { randomUUID } from 'node:crypto';
import { execute } from './applications.process.js';
import { originate } from './originate.process.js';
import { gatewayText, gatewayXml, gatewaysXml, profileXml, profilesXml, statusTable } from './sofia-report.js';
import { stampOf } from './events.process.js';
import { legsOf, type Leg } from './leg.process.js';
import type { Switch } from './switch.process.js';

export const VERSION = '1.11.1-release';

/** `api COMMAND …`: what FreeSWITCH answers, byte for byte where it was recorded. */
export async function runApi(freeswitch: Switch, line: string): Promise<string> {
  const [name = '', ...words] = line.split(' ');
  const run = API[name.toLowerCase()];
  return run === undefined
    ? `-ERR ${name} Command not found!\n`
    : run(
        freeswitch,
        words.filter((word) => word !== ''),
        words.join(' '),
      );
}

type Api = (freeswitch: Switch, words: string[], rest: string) => string | Promise<string>;

const NO_CHANNEL = '-ERR No such channel!\n';
const withLeg =
  (usage: string, run: (leg: Leg, words: string[]) => string): Api =>
  (freeswitch, [uuid, ...words]) => {
    if (uuid === undefined) return `-USAGE: ${usage}\n`;
    const leg = legsOf(freeswitch).get(uuid);
    return leg === undefined || leg.channel.hungUp ? NO_CHANNEL : run(leg, words);
  };

const API: Record<string, Api> = {
  version: () => `FreeSWITCH Version ${VERSION}~64bit (stand-in)\n`,
  hostname: (freeswitch) => freeswitch.events.hostname,
  status: (freeswitch) => status(freeswitch),
  uptime: (freeswitch) => `${Math.floor((Date.now() - freeswitch.startedAt) / 1000)}\n`,
  echo: (_freeswitch, _words, rest) => rest,
  create_uuid: () => randomUUID(),
  module_exists: (_freeswitch, [name]) =>
    String(['mod_sofia', 'mod_event_socket', 'mod_commands', 'mod_dptools', 'mod_dialplan_xml'].includes(name ?? '')),
  fsctl: (_freeswitch, words) => (words[0] === 'loglevel' ? '+OK log level: WARNING [4]\n' : '+OK\n'),
  acl: (freeswitch, [address, list]) =>
    String(address !== undefined && list !== undefined && freeswitch.acl.allows(address, list)),
  reloadacl: (freeswitch) => {
    freeswitch.reloadAcl();
    return '+OK acl reloaded\n';
  },
  reloadxml: (freeswitch) => `+OK ${freeswitch.reloadXml()}\n`,
  sofia: (freeswitch, words) => sofia(freeswitch, words),
  show: (freeswitch, words) => show(freeswitch, words),
  originate: (freeswitch, _words, rest) => originate(freeswitch, rest, runApi),
  hupall: (freeswitch, [cause]) => {
    for (const leg of [...legsOf(freeswitch).values()]) leg.hangup(cause ?? 'MANAGER_REQUEST');
    return `+OK hangup all channels with cause ${cause ?? 'MANAGER_REQUEST'}\n`;
  },
  global_getvar: ({ configuration }, [name]) => configuration.variables.get(name ?? '') ?? '',
  uuid_exists: (freeswitch, [uuid]) => String(legsOf(freeswitch).has(uuid ?? '')),
  uuid_kill: withLeg('<uuid> [cause]', (leg, [cause]) => {
    leg.hangup(cause ?? 'NORMAL_CLEARING');
    return '+OK\n';
  }),
  uuid_getvar: withLeg('<uuid> <var>', (leg, [name]) => leg.channel.variables.get(name ?? '') ?? '_undef_'),
  uuid_setvar: withLeg('<uuid> <var> [value]', (leg, [name, ...value]) => {
    leg.channel.set(name ?? '', value.join(' '));
    return '+OK\n';
  }),
  uuid_jitterbuffer: withLeg('<uuid> [0|<min_msec>[:<max_msec>]]', (leg, [spec = '0']) => {
    leg.channel.set('jitterbuffer_msec', spec);
    return '+OK Success\n';
  }),
  uuid_set_media_stats: withLeg('<uuid>', (leg) => {
    leg.channel.set('rtp_audio_in_media_packet_count', String(leg.packetsFromCaller()));
    leg.channel.set('rtp_audio_in_flaw_total', String(leg.channel.flaws));
    return '+OK:\n';
  }),
  uuid_media_reneg: withLeg('<uuid>', (leg) => {
    if (leg.answersOffers) leg.after(5, () => leg.media.goOn());
    return '+OK Success\n';
  }),
  uuid_answer: withLeg('<uuid>', (leg) => {
    leg.answer();
    return '+OK\n';
  }),
  uuid_deflect: withLeg('<uuid> <uri>', (leg, [uri]) => {
    void execute(leg, 'deflect', uri ?? '');
    return '+OK:success\n';
  }),
  uuid_dump: withLeg('<uuid> [format]', (leg, [format]) => {
    const event = leg.freeswitch.events.make('CHANNEL_DATA', leg.channel.headers(), { uuid: leg.uuid });
    return format === 'json' ? JSON.stringify(Object.fromEntries(event.headers)) : event.text;
  }),
};

function status(freeswitch: Switch): string {
  const up = Date.now() - freeswitch.startedAt;
  const part = (divisor: number, modulus: number, unit: string) => {
    const count = Math.floor(up / divisor) % modulus;
    return `${count} ${unit}${count === 1 ? '' : 's'}`;
  };
  return [
    `UP 0 years, ${part(86_400_000, 365, 'day')}, ${part(3_600_000, 24, 'hour')}, ` +
      `${part(60_000, 60, 'minute')}, ${part(1_000, 60, 'second')}, ${part(1, 1_000, 'millisecond')}, 0 ` +
      'microseconds',
    `FreeSWITCH (Version ${VERSION} 64bit, stand-in) is ready`,
    `${freeswitch.sessions} session(s) since startup`,
    `${legsOf(freeswitch).size} session(s) - peak ${legsOf(freeswitch).size}, last 5min ${legsOf(freeswitch).size} `,
    '0 session(s) per Sec out of max 1000, peak 1, last 5min 1 ',
    '10000 session(s) max',
    'min idle cpu 0.00/98.00',
    'Current Stack Size/Max 240K/8192K',
    '',
  ].join('\n');
}

function sofia(freeswitch: Switch, words: string[]): string {
  const [what, ...rest] = words;
  if (what === 'status') return sofiaStatus(freeswitch, rest);
  if (what === 'xmlstatus') return sofiaXmlStatus(freeswitch, rest);
  if (what === 'profile') return sofiaProfile(freeswitch, rest);
  return '-USAGE: sofia <profile|status|xmlstatus> …\n';
}

function sofiaStatus(freeswitch: Switch, [kind, name]: string[]): string {
  if (kind !== 'gateway')
    return statusTable(freeswitch.gateways, freeswitch.sofia, legsOf(freeswitch).size, Date.now());
  const gateway = freeswitch.gateways.find(({ settings }) => settings.name === name);
  return gateway === undefined ? 'Invalid Gateway!\n' : gatewayText(gateway, freeswitch.sofia, Date.now());
}

function sofiaXmlStatus(freeswitch: Switch, [kind, name]: string[]): string {
  if (kind === undefined) return profilesXml(freeswitch.gateways, freeswitch.sofia, legsOf(freeswitch).size);
  if (kind === 'profile' && name === freeswitch.sofia.name) return profileXml(freeswitch.sofia);
  if (!kind.startsWith('gateway')) return 'Invalid Profile!\n';
  if (name === undefined) return gatewaysXml(freeswitch.gateways, freeswitch.sofia, Date.now());
  const gateway = freeswitch.gateways.find(({ settings }) => settings.name === name);
  return gateway === undefined ? 'Invalid Gateway!\n' : gatewayXml(gateway, freeswitch.sofia, Date.now());
}

function sofiaProfile(freeswitch: Switch, [profile, action = '', name]: string[]): string {
  if (profile !== freeswitch.sofia.name) return `Invalid Profile [${profile ?? ''}]`;
  return PROFILE_ACTIONS[action]?.(freeswitch, name) ?? 'Invalid Args!\n';
}

const PROFILE_ACTIONS: Record<string, (freeswitch: Switch, name: string | undefined) => string> = {
  rescan: (freeswitch) => addGateways(freeswitch, '+OK scan complete'),
  startgw: (freeswitch, name) =>
    name === undefined
      ? '-ERR missing gw name\n'
      : addGateways(freeswitch, `+OK start gateway ${name} complete`, name === '_all_' ? undefined : name),
  gwlist: (freeswitch) => `${freeswitch.gateways.map(({ settings }) => settings.name).join(' ')} `,
  killgw: (freeswitch, name) => killGateway(freeswitch, name),
  register: (freeswitch, name) => registerGateway(freeswitch, 'register', name),
  unregister: (freeswitch, name) => registerGateway(freeswitch, 'unregister', name),
};

/**
 * rescan and startgw say +OK whatever the files held: only `Reload XML [Success]` is success, and both only ever add.
 */
function addGateways(freeswitch: Switch, done: string, only?: string): string {
  const outcome = freeswitch.reloadXml();
  if (outcome === '[Success]') freeswitch.scanGateways(only);
  return `Reload XML [${outcome === '[Success]' ? 'Success' : outcome}]\n${done}\n`;
}

function registerGateway(freeswitch: Switch, action: 'register' | 'unregister', name: string | undefined): string {
  if (name === undefined) return 'No gateway name provided!\n';
  const gateway = freeswitch.gateway(name);
  if (gateway === undefined) return 'Invalid gateway!\n';
  if (!gateway.settings.register) return `-ERR NOREG gateway [${name}] can't be ${action}ed!\n`;
  if (action === 'register') gateway.registerNow();
  return '+OK\n';
}

function killGateway(freeswitch: Switch, name: string | undefined): string {
  if (name === undefined) return '-ERR missing gw name\n';
  const gateway = freeswitch.gateway(name);
  if (gateway === undefined) return '-ERR no such gateway.\n';
  gateway.kill();
  return '+OK gateway marked for deletion.\n';
}

function show(freeswitch: Switch, words: string[]): string {
  const legs = ['channels', 'calls'].includes(words[0] ?? '') ? [...legsOf(freeswitch).values()] : [];
  if (words.includes('json')) {
    if (legs.length === 0) return '{"row_count": 0}\n';
    return `${JSON.stringify({ row_count: legs.length, rows: legs.map(row) })}`;
  }
  const rows = legs.map((leg) => Object.values(row(leg)).join(','));
  const table = legs.length === 0 || words.includes('count') ? [] : [Object.keys(row(legs[0]!)).join(','), ...rows];
  return `${table.map((line) => `${line}\n`).join('')}\n${legs.length} total.\n`;
}

function row({ channel, freeswitch }: Leg): Record<string, string> {
  const codec = channel.codec ? ['PCMU', '8000', '64000'] : ['', '', ''];
  const field = (name: string) => channel.start.profile.find(([key]) => key === name)?.[1] ?? '';
  const initial = {
    cid_name: field('Caller-ID-Name'),
    cid_num: field('Caller-ID-Number'),
    ip_addr: channel.start.networkAddress ?? '',
    dest: channel.start.destination,
  };
  return {
    uuid: channel.uuid,
    direction: channel.direction,
    created: stampOf(channel.start.now),
    created_epoch: String(Math.floor(channel.start.now / 1_000_000)),
    name: channel.start.name,
    state: channel.state,
    ...initial,
    application: channel.variables.get('current_application') ?? '',
    application_data: channel.variables.get('current_application_data') ?? '',
    dialplan: 'XML',
    context: channel.start.context,
    read_codec: codec[0]!,
    read_rate: codec[1]!,
    read_bit_rate: codec[2]!,
    write_codec: codec[0]!,
    write_rate: codec[1]!,
    write_bit_rate: codec[2]!,
    secure: '',
    hostname: freeswitch.events.hostname,
    presence_id: '',
    presence_data: '',
    accountcode: '',
    callstate: channel.callState,
    callee_name: '',
    callee_num: '',
    callee_direction: '',
    call_uuid: '',
    sent_callee_name: '',
    sent_callee_num: '',
    initial_cid_name: initial.cid_name,
    initial_cid_num: initial.cid_num,
    initial_ip_addr: initial.ip_addr,
    initial_dest: initial.dest,
    initial_dialplan: 'XML',
    initial_context: channel.start.context,
  };
}
