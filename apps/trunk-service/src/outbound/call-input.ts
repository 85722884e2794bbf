import { callSid } from '@trunkmesh/contracts/call-control.js';
import type { CallRequested } from '@trunkmesh/contracts/call-request.js';
import { callOptions, type OriginateRequest } from '@trunkmesh/contracts/outbound-call.js';
import type { OutboundPlan } from '@trunkmesh/contracts/outbound.js';
import { z } from 'zod';
import { outboundBody } from '../routes/outbound-input.js';
import { fillTexts } from './fill-texts.js';

const { direction: _explained, ...parties } = outboundBody.shape;

/** The names are those that the platform's clients know. */
export const callBody = z
  .strictObject({
    ...parties,
    sip_trunk_id: parties.sip_trunk_id.describe('The only trunk to try, for admins. Absent: by the rules.'),
    ...callOptions.shape,
  })
  .refine(({ assistant_id, flow_id }) => assistant_id === undefined || flow_id === undefined, {
    path: ['flow_id'],
    message: 'must be left out where "assistant_id" is given: one of them takes the call',
  })
  .meta({ id: 'CallRequest' });
export type CallBody = z.output<typeof callBody>;

export const callQueued = z
  .object({
    message: z.string().describe('What happened, in a sentence.'),
    call_sid: z.string().describe('The call, as the platform names it: `CA` and 32 hexadecimal digits.'),
    call_id: z.string().describe('The call.'),
    status: z.literal('queued').describe('The call is accepted. What becomes of it is in the call log.'),
  })
  .meta({ id: 'CallQueued' });
export type CallQueued = z.infer<typeof callQueued>;

export const queuedAnswer = (call_id: string): CallQueued => ({
  message: 'The call is accepted. What becomes of it is in the call log.',
  call_sid: callSid(call_id),
  call_id,
  status: 'queued',
});

/** Who wants which call. */
export interface CallWish {
  call_id: string;
  organization_id: string;
  body: CallBody;
  requested_at: string;
}

/** A time in the future counts as now: otherwise the call would be dialled for longer. */
export function wishOfEvent({ id, time, data }: CallRequested, now: Date): CallWish {
  const { organization_id, ...body } = data;
  const requested_at = new Date(Math.min(Date.parse(time), now.getTime())).toISOString();
  return { call_id: id, organization_id, body, requested_at };
}

export type CallPlan = Extract<OutboundPlan, { outcome: 'call' }>;

/** What a bridge is asked; the bridges of the attempts are chosen when it is handed over. */
export function originateOf(wish: CallWish, plan: CallPlan, dialUntil: string): OriginateRequest {
  const { call_id, organization_id, requested_at, body } = wish;
  const { number_id, from, to, country, caller_id, target, attempts } = plan;
  const options = callOptions.parse(body);
  const { texts } = fillTexts(options);
  return {
    ...options,
    ...texts,
    call_id,
    organization_id,
    number_id,
    from,
    to,
    country,
    caller_id,
    target: { kind: target.kind, id: target.id },
    attempts,
    requested_at,
    dial_until: dialUntil,
  };
}
