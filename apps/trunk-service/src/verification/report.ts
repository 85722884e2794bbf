import { z } from 'zod';

const arrival = z
  .object({
    at: z.string().describe('When it happened.'),
    phase: z.enum(['arrived', 'confirmed', 'abandoned']).describe('How far the verification call has come.'),
    call_id: z.string().describe('The call, by its id.'),
    bridge_id: z.string().describe('The bridge.'),
    source_address: z.string().describe('The address that the call came from.'),
    source_port: z.number().int().nullable().describe('The port that the call came from; null where it is not known.'),
    transport: z.string().nullable().describe('How SIP messages travel.'),
    request_uri_user: z.string().describe('The user part of the Request-URI, without the code.'),
    to_user: z.string().describe('The user part of the To header.'),
    from_user: z.string().describe('The user part of the From header.'),
    claimed: z.boolean().describe('Whether the trunk claims the source address.'),
    outcome: z.string().describe('What became of the request.'),
    message: z.string().describe('What happened and what to do, in a sentence.'),
  })
  .meta({ id: 'VerificationArrival' });
export type Arrival = z.infer<typeof arrival>;

export const verificationReport = z
  .object({
    id: z.string().describe('The id.'),
    trunk_id: z.string().describe('The trunk that the code is for.'),
    status: z
      .enum(['waiting', 'refused', 'answered', 'abandoned', 'confirmed', 'expired'])
      .describe(
        '`waiting`: no call yet. `refused`: the last call was. `answered`: a call is up and not ' +
          'confirmed yet. `confirmed`: the address is proven.',
      ),
    created_at: z.string().describe('When it was made.'),
    expires_at: z.string().describe('Until when it is valid.'),
    address: z
      .string()
      .nullable()
      .describe('The address that the call must come from; null: any address that the trunk claims.'),
    arrivals: z.array(arrival).describe('The verification calls that arrived.'),
    next: z.string().describe('What to do now.'),
  })
  .meta({ id: 'Verification' });
export type VerificationReport = z.infer<typeof verificationReport>;

export interface CodeRow {
  id: string;
  trunk_id: string;
  address: string | null;
  created_at: Date;
  expires_at: Date;
  used: boolean;
  expired: boolean;
}

export function reportOf(code: CodeRow, arrivals: readonly Arrival[]): VerificationReport {
  const last = arrivals[arrivals.length - 1];
  const status = statusOf(code, last);
  return {
    id: code.id,
    trunk_id: code.trunk_id,
    status,
    created_at: code.created_at.toISOString(),
    expires_at: code.expires_at.toISOString(),
    address: code.address,
    arrivals: [...arrivals],
    next: NEXT[status](last),
  };
}

export const isOver = ({ status }: VerificationReport) => status === 'confirmed' || status === 'expired';

function statusOf({ used, expired }: CodeRow, last: Arrival | undefined): VerificationReport['status'] {
  if (used) return 'confirmed';
  const answered = last?.phase === 'arrived' && last.outcome === 'accepted';
  if (expired && !answered) return 'expired';
  if (last === undefined) return 'waiting';
  if (last.phase === 'abandoned') return 'abandoned';
  return answered ? 'answered' : 'refused';
}

const NEXT: Record<VerificationReport['status'], (last: Arrival | undefined) => string> = {
  waiting: () =>
    'Dial the code from your PBX through this trunk, as an ordinary number, towards the bridge address. If ' +
    'nothing arrives, the call does not reach the bridge: check the route of your PBX and your firewall.',
  refused: (last) =>
    `The call from ${last!.source_address} was refused: ${last!.message} Dial the code again while it is valid.`,
  answered: () =>
    'The call is answered. Hang up at your PBX after the tone, or wait 40 seconds: that confirms that answers ' +
    'reach you.',
  abandoned: () =>
    'The call ended before it was confirmed: your PBX did not acknowledge the answer. Check that your firewall ' +
    'lets the answers of the bridge in, and dial the code again.',
  confirmed: (last) =>
    `Done: calls from ${last === undefined ? 'this address' : last.source_address} are proven to be your ` +
    `organisation's. The code is used up.`,
  expired: () => 'The code has expired. Place a new verification call: POST /api/v1/sip-trunks/{id}/verify-address.',
};
