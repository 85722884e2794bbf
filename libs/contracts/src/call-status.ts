import { z } from 'zod';
import { callEndReason } from './call-end.js';
import { callParties, transferResult } from './call.js';
import { timestamp } from './scalar.js';

/**
 * What the platform is told of a call's state (`POST status_url`), in order per call, at least once; signed after the
 * Standard Webhooks specification, whose `webhook-id` is the same each time that the same status is sent. A call begins
 * with `initiated` and ends with exactly one of the six last; one that is refused at once has its last alone.
 */
export const CALL_STATUSES = [
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

export const callStatusBody = z.object({
  /** `call.answered` and so on. */
  type: z.string(),
  timestamp,
  call_sid: z.string(),
  status: z.enum(CALL_STATUSES),
  /** From 1, without a gap within a call. */
  sequence: z.number().int().positive(),
  call_id: callParties.shape.call_id,
  organization_id: callParties.shape.organization_id,
  trunk_id: callParties.shape.trunk_id,
  number_id: callParties.shape.number_id,
  direction: callParties.shape.direction,
  from_number: z.string(),
  caller_withheld: callParties.shape.caller_withheld,
  to_number: z.string(),
  assistant_id: z.number().int().optional(),
  flow_id: z.number().int().optional(),
  /** Of the final statuses. */
  duration_seconds: z.number().nonnegative().optional(),
  end_reason: callEndReason.optional(),
  /** Why a call was refused. */
  reason: z.string().optional(),
  sip_status: z.number().int().nullable().optional(),
  hangup_cause: z.string().optional(),
  transfer: transferResult.optional(),
});
export type CallStatusBody = z.infer<typeof callStatusBody>;
