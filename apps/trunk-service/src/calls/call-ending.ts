import { callIdOf, type HangupRequest } from '@trunkmesh/contracts/call-control.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { z } from 'zod';

export const callEnding = z
  .object({
    call_sid: z.string().describe('The call, as the platform names it: `CA` and 32 hexadecimal digits.'),
    status: z.literal('ending').describe('The state.'),
  })
  .meta({ id: 'CallEnding' });
export type CallEnding = z.infer<typeof callEnding>;

export const callNotFound = () => new DomainError('call-not-found', 'There is no such call.');

/** What cannot be a call's name names none. */
export function callRequestOf(organization_id: string, sid: string): HangupRequest {
  const call_id = callIdOf(sid);
  if (call_id === undefined) throw callNotFound();
  return { organization_id, call_id };
}
