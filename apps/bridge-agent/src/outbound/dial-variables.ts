import { callSid } from '@trunkmesh/contracts/call-control.js';
import type { OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { identityHeaders } from '@trunkmesh/routing/outbound-identity.js';
import { parseGatewayAddress, uriHost } from '../gateway/gateway-address.js';

/**
 * The channel variables of one attempt: who calls, as this trunk's carrier wants to see it. Seen on 1.11.3-dev:
 * variables of a call go before those of its gateway. `sip_cid_type=none` keeps FreeSWITCH from writing
 * P-Asserted-Identity and Privacy itself, `sip_h_…` writes them; `sip_from_uri` is From's URI, whose display name is
 * `origination_caller_id_name`.
 */
export function variablesOf(
  trunk: TrunkState,
  { call_id, from, to, caller_id }: OriginateRequest,
  dialled: string,
): readonly (readonly [name: string, value: string])[] {
  const call = { call_sid: callSid(call_id), from, to, dialled, caller_id };
  const { caller_id_name, caller_id_number, from_user, from_domain, headers } = identityHeaders(trunk, call);
  const domain = from_domain ?? trunk.from_domain ?? hostOf(trunk);
  return [
    ['origination_caller_id_number', caller_id_number],
    ['origination_caller_id_name', caller_id_name],
    ['sip_cid_type', 'none'],
    ...(domain === '' ? [] : [['sip_from_uri', `sip:${from_user}@${domain}`] as const]),
    ...headers.map(([name, value]) => [`sip_h_${name}`, value] as const),
  ];
}

/** To read an address costs more than all the rest of a call's variables; a trunk that changes is another object. */
const hosts = new WeakMap<TrunkState, string>();

function hostOf(trunk: TrunkState): string {
  const known = hosts.get(trunk);
  if (known !== undefined) return known;
  const gateway = parseGatewayAddress(trunk.gateway);
  const host = gateway === undefined ? '' : uriHost({ ...gateway, port: null });
  hosts.set(trunk, host);
  return host;
}
