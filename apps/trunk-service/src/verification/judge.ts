import { dialledCode, type VerificationAnswer, type VerificationCall } from '@trunkmesh/contracts/address.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { contains, parseAddress, parseCidr } from '@trunkmesh/routing/address.js';
import { claimsOf } from '@trunkmesh/routing/claims.js';

export interface KnownCode {
  expired: boolean;
  used_by: string | null;
  used: boolean;
  address: string | null;
}

const refused = (
  reason: Extract<VerificationAnswer, { outcome: 'refused' }>['reason'],
  message: string,
): VerificationAnswer => ({ outcome: 'refused', reason, message });
export const ACCEPTED: VerificationAnswer = { outcome: 'accepted' };
export const UNKNOWN_CODE = refused('unknown-code', 'This verification code is not known.');
export const invalidCall = (message: string) => refused('invalid-request', message);
export const UNAVAILABLE = refused(
  'unavailable',
  'The verification cannot be carried out now; dial the code again in a minute.',
);

/** Whether the trunk claims the address that the call came from. */
export function isClaimed(trunk: TrunkState, source: string): boolean {
  const address = parseAddress(source);
  return address !== undefined && claimsOf(trunk).some(({ network }) => contains(parseCidr(network)!, address));
}

/** May this call be answered as a verification call of the trunk? */
export function judgeArrival(code: KnownCode, trunk: TrunkState | null, call: VerificationCall): VerificationAnswer {
  if (code.used) return refused('code-used', 'The code was used before. Ask for a new one.');
  if (code.expired) return refused('code-expired', 'The code has expired. Ask for a new one.');
  return judgeTrunk(code, trunk, call);
}

/** `accepted`: this very call was answered before with that code. It may have run out meanwhile. */
export function judgeConfirmation(
  code: KnownCode,
  trunk: TrunkState | null,
  call: VerificationCall,
  accepted: boolean,
): VerificationAnswer {
  if (code.used)
    return code.used_by === call.call_id
      ? ACCEPTED
      : refused('code-used', 'The code was used before. Ask for a new one.');
  return accepted
    ? judgeTrunk(code, trunk, call)
    : refused('unknown-code', 'This call was not answered as a verification call with this code.');
}

function judgeTrunk(
  { address }: KnownCode,
  trunk: TrunkState | null,
  { source_address, pool }: VerificationCall,
): VerificationAnswer {
  if (trunk === null) return refused('trunk-gone', 'The trunk was deleted.');
  if (trunk.bridge_pool !== pool)
    return refused(
      'address-not-claimed',
      `it came to a bridge of the pool "${pool}", and the trunk is in the pool "${trunk.bridge_pool}".`,
    );
  if (!isClaimed(trunk, source_address))
    return refused(
      'address-not-claimed',
      `the trunk does not list ${source_address}: add it to the trunk's inbound_addresses.`,
    );
  if (address !== null && address !== source_address)
    return refused('address-not-claimed', `the code was made for ${address}.`);
  return ACCEPTED;
}

/** What is kept of a call for the report. The code is a secret while it is valid. */
export function detailsOf(call: VerificationCall, answer: VerificationAnswer, claimed: boolean) {
  const { bridge_id, source_address, source_port, transport, request_uri_user, to_user, from_user } = call;
  return {
    bridge_id,
    source_address,
    source_port,
    transport,
    request_uri_user: withoutCode(request_uri_user),
    to_user: withoutCode(to_user),
    from_user,
    claimed,
    outcome: answer.outcome === 'accepted' ? 'accepted' : answer.reason,
    message: answer.outcome === 'accepted' ? '' : answer.message,
  };
}

const withoutCode = (user: string) => (dialledCode(user) === undefined ? user : 'the code');
