import { randomUUID } from 'node:crypto';
import { execute } from './applications.process.js';
import { callOutcome, causeOfStatus, hostPort, PHRASES, type CallOutcome } from './carrier.js';
import { runCallSocket } from './call-socket.net.js';
import type { Gateway } from './gateway.js';
import { Leg } from './leg.process.js';
import { separate } from './separate.js';
import type { RunApi } from './background-job.process.js';
import type { Switch } from './switch.process.js';

const USAGE =
  '-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] [<cid_name>] [<cid_num>] ' +
  '[<timeout_sec>]\n';
const TRYING_MS = 20;

interface Request {
  variables: Map<string, string>;
  targets: string[];
  application: string;
  data: string;
}

/**
 * `{name=value,…}sofia/gateway/NAME/NUMBER|… &application(data)`, or undefined where FreeSWITCH would print its usage.
 */
export function parseOriginate(text: string): Request | undefined {
  const [leg = '', extension] = separate(text.trim(), ' ');
  const match = /^(?:\{([^}]*)\})?(.+)$/s.exec(leg);
  if (match === null || extension === undefined) return undefined;
  const [, given = '', targets = ''] = match;
  const application = /^&([\w-]+)(?:\((.*)\))?$/.exec(extension);
  return {
    variables: new Map(
      separate(given, ',')
        .map((pair) => separate(pair, '=', 2))
        .filter((pair): pair is [string, string] => pair.length === 2),
    ),
    targets: targets.split('|'),
    application: application?.[1] ?? 'park',
    data: application?.[2] ?? '',
  };
}

/** Tries the targets one after the other, after ANY failure, a busy too, as FreeSWITCH's `|` does. */
export async function originate(freeswitch: Switch, text: string, runApi: RunApi): Promise<string> {
  const request = parseOriginate(text);
  if (request === undefined) return USAGE;
  let cause = 'NORMAL_TEMPORARY_FAILURE';
  for (const target of request.targets) {
    const attempt = await dial(freeswitch, target, request);
    if ('leg' in attempt) {
      setImmediate(() => {
        void run(attempt.leg, request, runApi);
      });
      return `+OK ${attempt.leg.uuid}\n`;
    }
    cause = attempt.cause;
  }
  return `-ERR ${cause}\n`;
}

async function run(leg: Leg, { application, data }: Request, runApi: RunApi): Promise<void> {
  leg.channel.enter('CS_EXECUTE', 4);
  leg.channel.hitDialplan = true;
  if (application === 'socket') {
    await runCallSocket(leg, data, runApi);
    leg.hangup('NORMAL_CLEARING');
  } else if (application === 'park') {
    leg.channel.set('current_application', 'park');
    leg.fire('CHANNEL_PARK');
  } else await execute(leg, application, data);
}

type Attempt = { leg: Leg } | { cause: string };

async function dial(freeswitch: Switch, target: string, request: Request): Promise<Attempt> {
  const [, name, number] = /^sofia\/gateway\/([^/]+)\/(.+)$/.exec(target) ?? [];
  const gateway = name === undefined ? undefined : freeswitch.gateway(name);
  if (gateway === undefined || number === undefined) return { cause: 'INVALID_GATEWAY' };
  if (!gateway.up) return { cause: 'GATEWAY_DOWN' };
  gateway.callsOut += 1;
  freeswitch.dialled.push(number);
  const leg = start({ freeswitch, gateway, number, request });
  const outcome = callOutcome(freeswitch.carriers, gateway.settings.proxy, number);
  const timeout =
    Number(request.variables.get('originate_timeout') ?? request.variables.get('call_timeout') ?? 60) * 1000;
  await Promise.race([leg.ended, answerOf(leg, gateway, outcome, timeout)]);
  return leg.channel.hungUp ? { cause: leg.channel.hangupCause! } : { leg };
}

interface Dialled {
  freeswitch: Switch;
  gateway: Gateway;
  number: string;
  request: Request;
}

function start({ freeswitch, gateway, number, request }: Dialled): Leg {
  const { sofia } = freeswitch;
  const { settings } = gateway;
  const uuid = request.variables.get('origination_uuid') ?? randomUUID();
  const caller = request.variables.get('origination_caller_id_number') ?? '0000000000';
  const host = hostPort(settings.proxy);
  const name = `sofia/${sofia.name}/${number}`;
  const leg = new Leg(freeswitch, {
    uuid,
    direction: 'outbound',
    name,
    destination: number,
    context: 'default',
    now: freeswitch.events.now(),
    hitDialplan: false,
    profile: [
      ['Direction', 'outbound'],
      ['Logical-Direction', 'outbound'],
      ['Caller-ID-Number', caller],
      ['Orig-Caller-ID-Number', caller],
      ['Callee-ID-Name', 'Outbound Call'],
      ['Callee-ID-Number', number],
      ['ANI', caller],
      ['Destination-Number', number],
    ],
  });
  const media = 16_384 + Math.floor(Math.random() * 4_000) * 2;
  const values: [string, string][] = [
    ['direction', 'outbound'],
    ['is_outbound', 'true'],
    ['uuid', uuid],
    ['call_uuid', uuid],
    ['session_id', String(freeswitch.sessions)],
    ['sip_gateway_name', settings.name],
    ['sip_local_network_addr', sofia.sipAddress],
    ['sip_profile_name', 'gateway'],
    ['video_media_flow', 'disabled'],
    ['text_media_flow', 'disabled'],
    ['channel_name', name],
    ['sip_destination_url', `sip:${number}@${host}`],
    ...request.variables,
    ['originate_early_media', 'false'],
    ['originate_endpoint', 'sofia'],
    ['rtp_use_codec_string', sofia.codecs],
    ['local_media_ip', sofia.sipAddress],
    ['local_media_port', String(media)],
    ['advertised_media_ip', sofia.sipAddress],
    ['audio_media_flow', 'sendrecv'],
    ['rtp_local_sdp_str', `v=0\r\nm=audio ${media} RTP/AVP 0 8 101 13\r\n`],
    [
      'sip_outgoing_contact_uri',
      `<sip:gw+${settings.name}@${sofia.sipAddress}:${sofia.sipPort}` +
        `;transport=${settings.transport};gw=${settings.name}>`,
    ],
    ['sip_req_uri', `${number}@${host}`],
    ['sip_to_host', host],
    ['sip_from_host', settings.fromDomain],
    ['sofia_profile_name', sofia.name],
    ['recovery_profile_name', sofia.name],
    ['sofia_profile_url', `sip:mod_sofia@${sofia.sipAddress}:${sofia.sipPort}`],
  ];
  for (const [key, value] of values) leg.channel.set(key, value);
  leg.fire('CHANNEL_CREATE');
  return leg;
}

async function answerOf(
  leg: Leg,
  gateway: Gateway,
  { outcome, phrase, hangupAfterMs, ringMs }: CallOutcome,
  timeout: number,
): Promise<void> {
  await pause(TRYING_MS);
  if (leg.channel.hungUp) return;
  if (outcome === 'silent') {
    await ringing(leg, timeout - TRYING_MS);
    leg.channel.set('sip_invite_failure_status', '487');
    leg.channel.set('sip_invite_failure_phrase', 'CANCEL');
    leg.hangup('NO_ANSWER', 'send_cancel');
    return leg.ended;
  }
  leg.channel.set('sip_call_id', randomUUID());
  if (outcome === 'answer' || ringMs > 0) await ring(leg, gateway, ringMs);
  if (leg.channel.hungUp) return;
  if (outcome === 'answer') return answer(leg, hangupAfterMs);
  const cause = causeOfStatus(outcome);
  for (const [name, value] of [
    ['sip_hangup_disposition', 'recv_refuse'],
    ['sip_invite_failure_status', String(outcome)],
    ['sip_invite_failure_phrase', phrase ?? PHRASES[outcome] ?? ''],
    ['sip_term_status', String(outcome)],
    ['proto_specific_hangup_cause', `sip:${outcome}`],
    ['sip_term_cause', '0'],
  ] as const)
    leg.channel.set(name, value);
  leg.hangup(cause, 'recv_refuse');
  return leg.ended;
}

/** 180 Ringing, for so long. */
async function ring(leg: Leg, gateway: Gateway, ringMs: number): Promise<void> {
  const { channel } = leg;
  channel.enter('CS_CONSUME_MEDIA', 7);
  for (const [name, value] of [
    ['sip_network_ip', hostPort(gateway.settings.proxy).split(':')[0]!],
    ['sip_to_user', channel.start.destination],
  ] as const)
    channel.set(name, value);
  leg.ringing();
  channel.callState = 'RINGING';
  if (ringMs > 0) await ringing(leg, ringMs);
}

function answer(leg: Leg, hangupAfterMs: number | undefined): void {
  const { channel } = leg;
  channel.codec = true;
  for (const [name, value] of [
    ['read_codec', 'PCMU'],
    ['write_codec', 'PCMU'],
    ['rtp_use_codec_name', 'PCMU'],
  ] as const)
    channel.set(name, value);
  leg.answer();
  if (hangupAfterMs !== undefined) leg.after(hangupAfterMs, () => leg.hangup('NORMAL_CLEARING', 'recv_bye'));
}

/** Its timer ends with the leg, so that no process waits for it. */
const ringing = (leg: Leg, milliseconds: number) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    void leg.ended.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });

const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds);
  });
