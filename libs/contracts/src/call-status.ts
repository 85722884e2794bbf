import { z } from 'zod';
import { callEndReason } from './call-end.js';
import { callParties } from './call-parties.js';
import { transferResult } from './call-parts.js';
import { timestamp } from './scalar.js';

/**
 * What the platform receives about a call's state (`POST status_url`), in order per call, at least once; signed by the
 * Standard Webhooks specification, whose `webhook-id` is the same each time that the same status is sent. An inbound
 * call begins with `initiated`, an outbound one with `queued`; each ends with exactly one of the six last. One that is
 * refused at once has its last alone; an outbound one that no bridge had has `queued` and its last.
 */
export const CALL_STATUSES = [
  'queued',
  'initiated',
  'ringing',
  'answered',
  'transfer-started',
  'transfer-failed',
  'completed',
  'transferred',
  'busy',
  'no-answer',
  'failed',
  'canceled',
] as const;
export type CallStatus = (typeof CALL_STATUSES)[number];
const IS_FINAL: Record<CallStatus, boolean> = {
  queued: false,
  initiated: false,
  ringing: false,
  answered: false,
  'transfer-started': false,
  'transfer-failed': false,
  completed: true,
  transferred: true,
  busy: true,
  'no-answer': true,
  failed: true,
  canceled: true,
};
export const FINAL_STATUSES: ReadonlySet<CallStatus> = new Set(CALL_STATUSES.filter((status) => IS_FINAL[status]));

/** With which a call may begin, beside a final one. */
export const FIRST_STATUSES: ReadonlySet<CallStatus> = new Set(['queued', 'initiated']);

export const callStatusBody = z
  .object({
    type: z.string().describe('`call.` and the status, for example `call.answered`.'),
    timestamp: timestamp.describe('When the status was reached.'),
    call_sid: z.string().describe('The call, as the platform names it: `CA` and 32 hexadecimal digits.'),
    status: z.enum(CALL_STATUSES).describe('The status; each call ends with exactly one of the final ones.'),
    sequence: z.number().int().positive().describe('Counts the statuses of a call from 1 without a gap.'),
    call_id: callParties.shape.call_id.describe('The call, by its id.'),
    organization_id: callParties.shape.organization_id.describe("The organisation; null: the call is nobody's."),
    trunk_id: callParties.shape.trunk_id.describe('The trunk; null where none is known.'),
    number_id: callParties.shape.number_id.describe(
      "The organisation's phone number, by its id; null where none is known.",
    ),
    direction: callParties.shape.direction.describe(
      '`inbound`: the other party called. `outbound`: the platform called.',
    ),
    from_number: z.string().describe('The calling number.'),
    caller_withheld: callParties.shape.caller_withheld.describe(
      'Present and true where the caller withheld the number: it is for the platform alone.',
    ),
    to_number: z.string().describe('The called number.'),
    assistant_id: z.number().int().optional().describe('The assistant. Absent where a flow takes the call.'),
    flow_id: z.number().int().optional().describe('The flow. Absent where an assistant takes the call.'),
    duration_seconds: z
      .number()
      .nonnegative()
      .optional()
      .describe('Seconds from the answer to the end; in final statuses only.'),
    end_reason: callEndReason.optional().describe('Why the call ended. Absent before the end, and where nobody knows.'),
    reason: z.string().optional().describe('Why a call was refused.'),
    sip_status: z
      .number()
      .int()
      .nullable()
      .optional()
      .describe('The SIP status of the answer; null where there was none.'),
    hangup_cause: z
      .string()
      .optional()
      .describe("FreeSWITCH's cause of the hang-up, for example NORMAL_CLEARING. Absent before the end."),
    transfer: transferResult.optional().describe('What became of the transfer. Absent where there was none.'),
  })
  .meta({ id: 'CallStatus' });
export type CallStatusBody = z.infer<typeof callStatusBody>;
