import { z } from 'zod';
import { occurrence } from './envelope.js';
import { bridgeId, timestamp, uuid } from './scalar.js';
import { inboundDecision } from './routing.js';

/** What is known of a call from its first moment. `organization_id` null: a refused call that belongs to nobody. */
export const callParties = z.object({
  /** FreeSWITCH's channel UUID: one a leg, unique for ever. */
  call_id: uuid,
  bridge_id: bridgeId,
  organization_id: uuid.nullable(),
  trunk_id: uuid.nullable(),
  number_id: uuid.nullable(),
  direction: z.enum(['inbound', 'outbound']),
  /** E.164 where it could be brought to it, otherwise what the INVITE said. */
  from: z.string(),
  to: z.string(),
  sip_call_id: z.string().nullable(),
  source_address: z.string().nullable(),
  started_at: timestamp,
});
export type CallParties = z.infer<typeof callParties>;

/** Quality figures of FreeSWITCH's RTP statistics; null where it gave none. MOS 1.0–4.5, jitter in milliseconds. */
export const callQuality = z.object({
  mos: z.number().nullable(),
  quality_percentage: z.number().nullable(),
  jitter_min_ms: z.number().nullable(),
  jitter_max_ms: z.number().nullable(),
  packets_in: z.number().int().nullable(),
  packets_out: z.number().int().nullable(),
});

export const callStarted = occurrence('CallStarted', callParties.extend({
  decision: inboundDecision.nullable(),
  /** `local`: routing did not answer in time and the agent's own copy decided. */
  decided_at: z.enum(['routing-service', 'local']),
  target: z.object({ kind: z.enum(['assistant', 'flow']), id: z.number().int() }).nullable(),
}));

export const callAnswered = occurrence('CallAnswered', callParties.extend({ answered_at: timestamp, codec: z.string().nullable() }));

/**
 * A finished call: the record that usage is made from. `bridge_epoch` and `record_number` number a bridge's records from 1 without a gap, so that a missing one is seen;
 * the epoch changes only when the bridge's disk was lost. Refused calls carry a number as well, in CallRejected.
 */
const numbered = { bridge_epoch: uuid, record_number: z.number().int().positive() };

export const callRejected = occurrence('CallRejected', callParties.extend({
  ...numbered,
  decision: inboundDecision.nullable(),
  decided_at: z.enum(['routing-service', 'local']),
  reason: z.string(),
  sip_status: z.number().int(),
  ended_at: timestamp,
}));

export const callEnded = occurrence('CallEnded', callParties.extend({
  ...numbered,
  answered_at: timestamp.nullable(),
  ended_at: timestamp,
  /** From answer to end, milliseconds; 0 for a call that was not answered. */
  billable_ms: z.number().int().nonnegative(),
  hangup_cause: z.string(),
  q850: z.number().int().nullable(),
  sip_status: z.number().int().nullable(),
  /** FreeSWITCH's `sip_hangup_disposition`: who ended it (`recv_bye`, `send_bye`, `recv_cancel` …). */
  hangup_disposition: z.string().nullable(),
  codec: z.string().nullable(),
  quality: callQuality.nullable(),
  target: z.object({ kind: z.enum(['assistant', 'flow']), id: z.number().int() }).nullable(),
  /** True where the end was reconstructed after the agent or FreeSWITCH died, so its time is the latest that is certain. */
  reconstructed: z.boolean(),
}));

export const callEvent = z.discriminatedUnion('type', [callStarted, callAnswered, callRejected, callEnded]);
export type CallEvent = z.infer<typeof callEvent>;
export type CallEnded = z.infer<typeof callEnded>;
export type CallRejected = z.infer<typeof callRejected>;
export type CallStarted = z.infer<typeof callStarted>;
export type CallAnswered = z.infer<typeof callAnswered>;
/** The events that finish a call and carry a record number. */
export type NumberedCallEvent = CallEnded | CallRejected;
