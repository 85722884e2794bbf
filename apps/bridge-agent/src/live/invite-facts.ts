import type { CapturedInvite } from '@trunkmesh/contracts/call-parts.js';
import { CALLED_NUMBER_SOURCES, type InboundRequest } from '@trunkmesh/contracts/routing.js';
import { callerOf, isWithheld } from '@trunkmesh/routing/caller.js';
import type { EslHeaders } from '../esl/esl-frame.js';
import { captureInvite } from './captured-invite.js';
import { readAudioOffer, type AudioOffer } from './sdp-offer.js';
import { epochMicroseconds } from './switch-times.js';

/**
 * The relevant contents of an INVITE, from the channel's variables, cut to the contract's sizes. All of it is
 * untrusted.
 */
export interface InviteFacts {
  /** FreeSWITCH's channel. */
  callId: string;
  inbound: boolean;
  sourceAddress: string;
  claimedGateway: string | null;
  requestUriUser: string;
  toUser: string;
  /** Who calls: the identity that the carrier asserts (RFC 3325), otherwise From. */
  fromUser: string;
  /** The caller withheld its number (Privacy). */
  callerWithheld: boolean;
  headers: InboundRequest['headers'];
  sipCallId: string | null;
  /** Undefined if the INVITE had no SDP. */
  offer: AudioOffer | undefined;
  /** Names of the codecs that FreeSWITCH would answer this call with. */
  codecs: string[];
  startedAt: Date;
  /** For people, not for decisions. */
  captured: CapturedInvite;
}

const MAX_USER_LENGTH = 256;
const MAX_HEADER_LENGTH = 2048;
const MAX_HEADER_LINES = 64;
const HEADER_SOURCES = CALLED_NUMBER_SOURCES.filter((source) => source !== 'Request-URI' && source !== 'To');

/**
 * `headers`: those of CHANNEL_DATA, decoded. Undefined if they are not a channel's. `now` is used if the creation time
 * is missing.
 */
export function readInvite(headers: EslHeaders, now: Date): InviteFacts | undefined {
  const callId = headers.get('Unique-ID') ?? headers.get('variable_uuid');
  if (callId === undefined || !UUID.test(callId)) return undefined;
  const variable = (name: string) => headers.get(`variable_${name}`) ?? '';
  return {
    callId,
    inbound: (headers.get('Call-Direction') ?? 'inbound') === 'inbound',
    sourceAddress: variable('sip_network_ip')
      .replace(/^\[|\]$/g, '')
      .slice(0, 64),
    claimedGateway: variable('sip_gateway').slice(0, 128) || null,
    requestUriUser: variable('sip_req_user').slice(0, MAX_USER_LENGTH),
    toUser: variable('sip_to_user').slice(0, MAX_USER_LENGTH),
    fromUser: callerOf(assertedIn(headers), variable('sip_from_user')),
    callerWithheld: isWithheld([variable('sip_Privacy'), ...linesOf(headers, 'Privacy')]),
    headers: HEADER_SOURCES.flatMap((source) =>
      linesOf(headers, source).map((value): [string, string] => [source, value.slice(0, MAX_HEADER_LENGTH)]),
    ).slice(0, MAX_HEADER_LINES),
    sipCallId: variable('sip_call_id').slice(0, MAX_USER_LENGTH) || null,
    offer: readAudioOffer(variable('switch_r_sdp')),
    codecs: codecsAllowed(variable('absolute_codec_string') || variable('rtp_use_codec_string')),
    startedAt: epochMicroseconds(headers.get('Caller-Channel-Created-Time')) ?? now,
    captured: captureInvite(headers),
  };
}

/**
 * Of the gateway that the call named (its trunk's codecs), otherwise of the profile. With modifiers, such as
 * `PCMU@20i`.
 */
function codecsAllowed(list: string): string[] {
  const names = list
    .split(',')
    .map((codec) => /^(?:[\w-]+\.)?([\w-]+)/.exec(codec.trim())?.[1]?.toUpperCase() ?? '')
    .filter((name) => name !== '');
  return names.length === 0 ? ['PCMU', 'PCMA'] : names;
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Without `parse-all-invite-headers` FreeSWITCH gives only the user of the first address. */
function assertedIn(headers: EslHeaders): string[] {
  const lines = linesOf(headers, 'P-Asserted-Identity');
  const all = lines.length > 0 ? lines : [headers.get('variable_sip_P-Asserted-Identity') ?? ''];
  return all.slice(0, MAX_HEADER_LINES).map((line) => line.slice(0, MAX_HEADER_LENGTH));
}

/**
 * Every line of a header, in the order of arrival. `sip_i_…` has them all, whatever the sender's capitals; `sip_h_…`
 * has only the last line, under the sender's spelling, and drops a value that looks like a variable (`${…}`). Without
 * `parse-all-invite-headers` only the latter is there.
 */
function linesOf(headers: EslHeaders, source: string): string[] {
  const parsed = headers.get(`variable_sip_i_${source.toLowerCase().replaceAll('-', '_')}`);
  if (parsed !== undefined) return parsed.startsWith(ARRAY) ? parsed.slice(ARRAY.length).split('|:') : [parsed];
  if (source === 'History-Info' && headers.has('variable_sip_history_info'))
    return [headers.get('variable_sip_history_info')!];
  const wanted = `variable_sip_h_${source.toLowerCase()}`;
  for (const [name, value] of headers) if (name.toLowerCase() === wanted) return [value];
  return [];
}

const ARRAY = 'ARRAY::';

export const routingRequest = (
  invite: InviteFacts,
  bridge: { id: string; pool: string },
  resolvedTrunks: readonly string[],
): InboundRequest => ({
  call_id: invite.callId,
  bridge_id: bridge.id,
  pool: bridge.pool,
  source_address: invite.sourceAddress,
  resolved_trunks: resolvedTrunks.slice(0, 256),
  claimed_gateway: invite.claimedGateway,
  request_uri_user: invite.requestUriUser,
  to_user: invite.toUser,
  from_user: invite.fromUser,
  headers: invite.headers,
});
