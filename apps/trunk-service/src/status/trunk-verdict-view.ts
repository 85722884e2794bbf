import { gatewayStatus } from '@trunkmesh/contracts/bridge.js';
import { REGISTRATION_CAUSES, type RegistrationCause } from '@trunkmesh/contracts/registration-cause.js';
import { bridgeId, timestamp, uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';

export const registrationCause = z.enum(
  Object.keys(REGISTRATION_CAUSES) as [RegistrationCause, ...RegistrationCause[]],
);

export const bridgeVerdict = z
  .object({
    bridge_id: bridgeId.describe('The bridge.'),
    sip_address: z.string().nullable().describe('The public address of the bridge; null where the bridge is unknown.'),
    alive: z.boolean().nullable().describe('Whether the bridge is online; null where that is unknown.'),
    verdict: z
      .enum(['live', 'pending', 'failed', 'leaving'])
      .describe('`leaving`: the trunk does not belong there any more and is being removed.'),
    reason: z.string().describe('Why, in a sentence.'),
    applied_revision: gatewayStatus.shape.applied_revision,
    desired_revision: gatewayStatus.shape.desired_revision,
    registration: z
      .object({
        state: gatewayStatus.shape.state,
        sip_status: gatewayStatus.shape.sip_status,
        sip_phrase: gatewayStatus.shape.sip_phrase,
        hint: z.string().nullable().describe('What to do; null where there is nothing to do.'),
        cause: registrationCause.nullable().describe('The likely cause; null where none is known.'),
      })
      .meta({ id: 'Registration', description: 'The registration of the trunk with its carrier.' }),
    ping: gatewayStatus.shape.ping,
    since: timestamp.nullable().describe('Since when the gateway is in its state; null where it has none.'),
    updated_at: timestamp.nullable().describe('When the bridge reported it; null: it has not yet.'),
  })
  .meta({ id: 'BridgeVerdict', description: 'The state of a trunk on one bridge.' });
export type BridgeVerdict = z.infer<typeof bridgeVerdict>;

export const trunkVerdictView = z.object({
  verdict: z
    .enum(['live', 'pending', 'failed', 'disabled', 'unplaced'])
    .describe('The state of the trunk on all its bridges together.'),
  summary: z.string().describe('The state in a sentence.'),
  bridges: z.array(bridgeVerdict).describe('The state on each bridge.'),
});
export type TrunkVerdict = z.infer<typeof trunkVerdictView>;

export const trunkStatusView = trunkVerdictView
  .extend({
    trunk_id: uuid.describe('The trunk.'),
    name: z.string().describe("The trunk's name."),
    enabled: z.boolean().describe('False: out of routing, with its credentials kept.'),
    register: z.boolean().describe('Whether FreeSWITCH registers to the gateway.'),
    gateway_revision: z.number().int().describe('The revision that FreeSWITCH should have.'),
    checked_at: timestamp.describe('When this was compiled.'),
  })
  .meta({ id: 'TrunkStatus', description: 'Whether a trunk is live, and why not.' });
