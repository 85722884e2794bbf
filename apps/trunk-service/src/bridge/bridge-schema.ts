import { bridgeHeartbeat, bridgeState, refusedAddress } from '@trunkmesh/contracts/bridge.js';
import { timestamp } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';

const position = z.number().int().nullable();

export const publicBridge = bridgeState
  .pick({ id: true, pool: true, sip_address: true, status: true })
  .extend({
    alive: z.boolean().nullable().describe('Whether the bridge is online; null where that is unknown.'),
  })
  .meta({ id: 'Bridge', description: 'A bridge as an organisation sees it.' });

export const operatorBridge = publicBridge
  .extend({
    health: z
      .enum(['serving', 'lost', 'unknown'])
      .describe('`lost`: offline, its registering trunks move to other bridges.'),
    health_reason: z.string().describe('Why, in a sentence.'),
    placed_trunks: z.number().int().describe('How many registering trunks are placed on it.'),
    last_heard_at: timestamp.nullable().describe('When its last heartbeat arrived; null: none since this start.'),
    created_at: bridgeState.shape.created_at,
    updated_at: bridgeState.shape.updated_at,
    position: z
      .object({
        head: position.describe('The sequence of the last trunk event; null while NATS is unreachable.'),
        seen: position.describe('The sequence up to which the bridge knows the trunks.'),
        applied: position.describe('The sequence up to which its FreeSWITCH has them.'),
        behind: position.describe('How far FreeSWITCH is behind.'),
      })
      .describe('How current the bridge is.'),
    heartbeat: bridgeHeartbeat
      .omit({ refused_addresses: true })
      .meta({ id: 'Heartbeat', description: 'What a bridge reports of itself.' })
      .nullable()
      .describe('Its last heartbeat; null where none arrived yet.'),
    refused_addresses: z.array(refusedAddress).describe("Sources that FreeSWITCH's access list refused."),
  })
  .meta({ id: 'OperatorBridge', description: 'A bridge as the operator sees it.' });

export const anyBridge = z
  .union([operatorBridge, publicBridge])
  .meta({ id: 'AnyBridge', description: 'The operator sees more of a bridge than an organisation does.' });
