import { z } from 'zod';
import { uuid } from './scalar.js';

/** Request `trunkmesh.rpc.bridge.<bridge>.gateway`: the trunk's gateway as this bridge writes it for FreeSWITCH. */
export const gatewayFileRequest = z.object({
  organization_id: uuid.describe('The organisation of the trunk.'),
  trunk_id: uuid.describe('The trunk.'),
});
export type GatewayFileRequest = z.infer<typeof gatewayFileRequest>;

export const gatewayFileAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('file').describe('The bridge has the gateway.'),
    xml: z.string().describe('The file. The password and the values of credential headers are `***`.'),
  }),
  z.object({
    outcome: z.literal('none').describe('The bridge writes no gateway for the trunk.'),
    message: z.string().describe('Why, in a sentence.'),
  }),
  z.object({
    outcome: z.literal('refused').describe('The request was not answered.'),
    code: z.enum(['invalid-request', 'bridge-failed']).describe('The reason as a constant.'),
    message: z.string().describe('What happened and what to do, in a sentence.'),
  }),
]);
export type GatewayFileAnswer = z.infer<typeof gatewayFileAnswer>;

/** The bridge answers from memory, milliseconds. */
export const GATEWAY_FILE_DEADLINE_MS = 3_000;
