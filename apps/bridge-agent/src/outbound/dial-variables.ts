import { callSid } from '@trunkmesh/contracts/call-control.js';
import type { OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';

/** The channel variables of one attempt: who calls, as this trunk's carrier wants to see it. */
export function variablesOf(
  _trunk: TrunkState,
  { call_id, caller_id }: OriginateRequest,
): readonly (readonly [name: string, value: string])[] {
  return [
    ['origination_caller_id_number', caller_id],
    ['origination_caller_id_name', caller_id],
    ['trunkmesh_call_sid', callSid(call_id)],
  ];
}
