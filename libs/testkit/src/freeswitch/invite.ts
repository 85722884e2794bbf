import { z } from 'zod';
import { allHeaders, DEFAULT_SDP, linesOf, namedHeaders } from './sent-headers.js';
import { transfer } from './transfer.js';
import type { Headers } from './wire.js';

/** An INVITE that a test injects: as it is on the wire, not as FreeSWITCH presents it. */
export const invite = z.object({
  /** Who sent it. */
  source: z.object({ address: z.string(), port: z.number().int().default(5060) }),
  /** The From user, `+1555…`. */
  from: z.string(),
  from_display: z.string().optional(),
  /** The Request-URI's user, as `+1555…`, `9228`, or `gw+NAME`. */
  request_user: z.string(),
  /** Its parameters, as `transport=udp;gw=NAME`. */
  request_params: z.string().optional(),
  /** The To user; the Request-URI's where absent. */
  to: z.string().optional(),
  /** Any further header, one value or several lines. */
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])).default({}),
  call_id: z.string().optional(),
  /** The caller's offer; absent: PCMU. */
  sdp: z.string().optional(),
  /** After the answer the caller hangs up by itself; absent: it stays. */
  hangup_after_ms: z.number().int().nonnegative().optional(),
  /** The caller gives up when it has not been answered by then. */
  cancel_after_ms: z.number().int().positive().optional(),
  /** false: the caller sends no audio. */
  audio: z.boolean().default(true),
  /**
   * The caller's ACK to the 200. `none`: FreeSWITCH gives up after 32 s. `forged`: without our To tag, which
   * FreeSWITCH takes for one all the same.
   */
  ack: z.enum(['real', 'none', 'forged']).default('real'),
  /** What becomes of a REFER that it gets. */
  transfer: transfer.optional(),
});
export type Invite = z.infer<typeof invite>;
export type InviteInput = z.input<typeof invite>;

export interface SofiaProfile {
  name: string;
  sipAddress: string;
  sipPort: number;
  context: string;
  parseAllHeaders: boolean;
  codecs: string;
}

export interface Inbound {
  variables: Headers;
  profile: Headers;
  name: string;
  destination: string;
  gateway: string | undefined;
  hidden: boolean;
}

/** `;gw=NAME` in the parameters, or the user `gw+NAME`: FreeSWITCH accepts either from any sender. */
const namedGateway = (request: Invite): string | undefined =>
  /(?:^|;)gw=([^;]+)/.exec(request.request_params ?? '')?.[1] ?? /^gw\+(.+)$/.exec(request.request_user)?.[1];

/**
 * What the channel looks like to the dialplan. `gateways` are the live ones: a name that is none of them is not taken
 * for a gateway.
 */
export function readInvite(
  request: Invite,
  at: { uuid: string; now: number; session: number; callId: string; sofia: SofiaProfile },
  gateways: ReadonlyMap<string, { extension: string }>,
): Inbound {
  const { source, from } = request;
  const named = namedGateway(request);
  const gateway = named !== undefined && gateways.has(named) ? named : undefined;
  const destination = gateway === undefined ? request.request_user : gateways.get(gateway)!.extension;
  const host = source.address;
  const name = `sofia/${at.sofia.name}/${from}@${host}:${source.port}`;
  const display = request.from_display ?? from;
  return {
    name,
    destination,
    gateway,
    hidden: (linesOf(request.headers['Privacy'])[0] ?? '').split(';').includes('id'),
    variables: variablesOf(request, { ...at, name, gateway }),
    profile: [
      ['Direction', 'inbound'],
      ['Logical-Direction', 'inbound'],
      ['Username', from],
      ['Dialplan', 'XML'],
      ['Caller-ID-Name', display],
      ['Caller-ID-Number', from],
      ['Orig-Caller-ID-Name', display],
      ['Orig-Caller-ID-Number', from],
      ['Network-Addr', host],
      ['ANI', from],
      ['Destination-Number', destination],
    ],
  };
}

interface At {
  uuid: string;
  now: number;
  session: number;
  callId: string;
  sofia: SofiaProfile;
  name: string;
  gateway: string | undefined;
}

function variablesOf(request: Invite, at: At): Headers {
  const { source, from } = request;
  const { sofia } = at;
  const host = source.address;
  const to = request.to ?? request.request_user;
  const tag = `${at.callId.replace(/\W.*$/, '')}SIPpTag001`;
  const display = request.from_display === undefined ? '' : `"${request.from_display}" `;
  const fullFrom = `${display}<sip:${from}@${host}:${source.port}>;tag=${tag}`;
  const fullTo = `<sip:${to}@${sofia.sipAddress}:${sofia.sipPort}>`;
  const via = `SIP/2.0/UDP ${host}:${source.port};branch=z9hG4bK-${at.session}-1-0`;
  const uri = (prefix: string, user: string, hostname: string, port: number): Headers => [
    [`sip_${prefix}_user`, user],
    [`sip_${prefix}_port`, String(port)],
    [`sip_${prefix}_uri`, `${user}@${hostname}:${port}`],
    [`sip_${prefix}_host`, hostname],
  ];
  const asserted = linesOf(request.headers['P-Asserted-Identity'])[0];
  const privacy = linesOf(request.headers['Privacy'])[0];
  return [
    ['direction', 'inbound'],
    ['uuid', at.uuid],
    ['session_id', String(at.session)],
    ...uri('from', from, host, source.port),
    ['video_media_flow', 'disabled'],
    ['text_media_flow', 'disabled'],
    ['channel_name', at.name],
    ['sip_call_id', at.callId],
    ['sip_local_network_addr', sofia.sipAddress],
    ['sip_network_ip', host],
    ['sip_network_port', String(source.port)],
    ['sip_invite_stamp', String(at.now)],
    ['sip_received_ip', host],
    ['sip_received_port', String(source.port)],
    ['sip_via_protocol', 'udp'],
    ['sip_from_user_stripped', from.replace(/^\+/, '')],
    ['sip_from_tag', tag],
    ['sofia_profile_name', sofia.name],
    ['sofia_profile_url', `sip:mod_sofia@${sofia.sipAddress}:${sofia.sipPort}`],
    ['recovery_profile_name', sofia.name],
    ...(asserted === undefined
      ? []
      : ([
          ['sip_P-Asserted-Identity', userOf(asserted)],
          ['sip_cid_type', 'pid'],
        ] as const)),
    ['sip_full_via', via],
    ...(request.from_display === undefined ? [] : [['sip_from_display', request.from_display] as const]),
    ['sip_full_from', fullFrom],
    ['sip_full_to', fullTo],
    ...(request.request_params === undefined ? [] : [['sip_req_params', request.request_params] as const]),
    ...uri('req', request.request_user, sofia.sipAddress, sofia.sipPort),
    ...uri('to', to, sofia.sipAddress, sofia.sipPort),
    ...uri('contact', 'sipp', host, source.port),
    ['sip_via_host', host],
    ['sip_via_port', String(source.port)],
    ['max_forwards', '70'],
    ...(at.gateway === undefined ? [] : [['sip_gateway', at.gateway] as const]),
    ...namedHeaders(request.headers),
    ...(sofia.parseAllHeaders
      ? allHeaders(request.headers, {
          fullFrom,
          fullTo,
          via,
          callId: at.callId,
          contact: `sip:sipp@${host}:${source.port}`,
        })
      : []),
    ...(privacy === undefined ? [] : [['sip_Privacy', privacy] as const]),
    ...mediaVariables(request, sofia),
    ['call_uuid', at.uuid],
  ];
}

/** What the SDP came to: PCMU is agreed on. */
function mediaVariables(request: Invite, sofia: SofiaProfile): Headers {
  return [
    ['switch_r_sdp', request.sdp ?? DEFAULT_SDP],
    ['ep_codec_string', 'CORE_PCM_MODULE.PCMU@8000h@20i@64000b'],
    ['rtp_use_codec_string', sofia.codecs],
    ['remote_video_media_flow', 'inactive'],
    ['remote_text_media_flow', 'inactive'],
    ['remote_audio_media_flow', 'sendrecv'],
    ['audio_media_flow', 'sendrecv'],
    ['remote_media_ip', request.source.address],
    ['remote_media_port', '25000'],
    ['rtp_audio_recv_pt', '0'],
    ['rtp_use_codec_name', 'PCMU'],
    ['rtp_use_codec_rate', '8000'],
    ['rtp_use_codec_ptime', '20'],
    ['rtp_use_codec_channels', '1'],
    ['rtp_last_audio_codec_string', 'PCMU@8000h@20i@1c'],
    ['read_codec', 'PCMU'],
    ['original_read_codec', 'PCMU'],
    ['read_rate', '8000'],
    ['original_read_rate', '8000'],
    ['write_codec', 'PCMU'],
    ['write_rate', '8000'],
    ['dtmf_type', 'rfc2833'],
    ['endpoint_disposition', 'RECEIVED'],
  ];
}

const userOf = (address: string): string => /sips?:([^@;>]+)@/.exec(address)?.[1] ?? address;
