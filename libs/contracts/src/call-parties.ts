import { z } from 'zod';
import { bridgeId, timestamp, uuid } from './scalar.js';

/** What is known of a call from its first moment. `organization_id` null: a refused call that belongs to nobody. */
export const callParties = z.object({
  call_id: uuid.describe("FreeSWITCH's UUID of the channel; never reused."),
  bridge_id: bridgeId.describe('The bridge.'),
  organization_id: uuid.nullable().describe('The organisation; null: a refused call that belongs to nobody.'),
  trunk_id: uuid.nullable().describe('The trunk; null where none is known.'),
  number_id: uuid.nullable().describe("The organisation's phone number, by its id; null where none is known."),
  direction: z
    .enum(['inbound', 'outbound'])
    .describe('`inbound`: the other party called. `outbound`: the platform called.'),
  from: z
    .string()
    .describe('The calling number, in E.164 where it could be brought to it, otherwise as the INVITE says.'),
  caller_withheld: z
    .boolean()
    .optional()
    .describe('Present and true where the caller withheld the number: `from` is for the platform alone.'),
  to: z.string().describe('The called number, in E.164 where it could be brought to it.'),
  sip_call_id: z.string().nullable().describe("The INVITE's Call-ID; null where it is not known."),
  source_address: z.string().nullable().describe('The address that the call came from; null where it is not known.'),
  started_at: timestamp.describe('When the call began.'),
  trunk_test: z
    .literal(true)
    .optional()
    .describe("Present and true for the call of a trunk's test: it has no assistant and lasts three seconds."),
});
export type CallParties = z.infer<typeof callParties>;
