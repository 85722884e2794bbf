import { z } from 'zod';
import { occurrence } from './envelope.js';
import { bridgeId, timestamp, uuid } from './scalar.js';

/** One SIP message as FreeSWITCH sent or received it. Credentials are cut before it is kept. */
export const sipMessage = z
  .object({
    at: z
      .string()
      .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
      .describe('When FreeSWITCH sent or received it, in microseconds, UTC.'),
    direction: z.enum(['in', 'out']).describe('`in`: received by the bridge; `out`: sent by it.'),
    source: z.string().max(64).describe('`address:port` of its sender, IPv6 in brackets.'),
    destination: z.string().max(64).describe('`address:port` of its receiver, IPv6 in brackets.'),
    transport: z.enum(['udp', 'tcp', 'tls']).describe('The transport.'),
    method: z.string().max(20).nullable().describe('Of a request; null: a response.'),
    status: z.number().int().min(100).max(699).nullable().describe('Of a response; null: a request.'),
    sip_call_id: z.string().max(256).describe('Its Call-ID header.'),
    cseq: z.string().max(64).describe('Its CSeq header, such as `1 INVITE`.'),
    text: z.string().max(16_384).describe('The message. Credentials and keys are replaced by `***`.'),
    truncated: z.boolean().describe('Whether its end was cut off.'),
  })
  .meta({ id: 'SipMessage' });
export type SipMessage = z.infer<typeof sipMessage>;

/** Subject `trunkmesh.sip.<org>.<call>`: a part of the call's messages, in the order of arrival. At most once. */
export const sipMessagesCaptured = occurrence(
  'SipMessagesCaptured',
  z.object({
    organization_id: uuid.describe('The organisation of the call.'),
    call_id: uuid.describe('The call.'),
    bridge_id: bridgeId.describe('The bridge.'),
    messages: z.array(sipMessage).max(200).describe('Messages that came since the part before.'),
    left_out: z.number().int().min(0).describe('How many messages of the call so far are left out.'),
  }),
);
export type SipMessagesCaptured = z.infer<typeof sipMessagesCaptured>;

/** Bucket `sip-trunks`, one entry a trunk and bridge: the gateway's last registration and OPTIONS. */
export const trunkExchange = z.object({
  organization_id: uuid,
  trunk_id: uuid,
  bridge_id: bridgeId,
  messages: z.array(sipMessage).max(32),
  updated_at: timestamp,
});
export type TrunkExchange = z.infer<typeof trunkExchange>;
