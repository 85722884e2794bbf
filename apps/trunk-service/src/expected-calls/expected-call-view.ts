import { bridgeId, e164, timestamp, uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';

export const expectCallBody = z
  .strictObject({
    echo: z
      .boolean()
      .default(true)
      .describe('Answer accepted calls on the trunk with a tone and an echo, in place of the assistant.'),
    from: e164
      .nullable()
      .default(null)
      .describe('Only calls from this number are answered so; null: calls from any number.'),
  })
  .default({ echo: true, from: null })
  .meta({ id: 'ExpectCallRequest' });
export type ExpectCallBody = z.output<typeof expectCallBody>;

const arrival = z
  .object({
    at: timestamp.describe('When it arrived; of several alike, the last of them.'),
    outcome: z.enum(['accepted', 'refused']).describe('What was decided.'),
    known_by: z
      .enum(['decision', 'called-number', 'trunk-user', 'announced-address'])
      .describe(
        'Why it is shown here. `decision`: the call was decided for the organisation. Otherwise it was refused ' +
          'before: it named a number of the organisation, the user name of the trunk, or came from an address of ' +
          'the trunk.',
      ),
    source_address: z.string().nullable().describe('The address that it came from; null where it is not known.'),
    from: z.string().nullable().describe('The calling number; null where it is not known.'),
    called: z.string().nullable().describe('The called number, or what was called; null where it is not known.'),
    trunk_id: uuid.nullable().describe('The trunk that it was decided for; null: none.'),
    bridge_id: bridgeId.nullable().describe('The bridge; null where it is not known.'),
    call_sid: z.string().nullable().describe('The call in the call log; null: it is not there.'),
    sip_status: z.number().int().nullable().describe('The SIP status of the refusal; null where it was accepted.'),
    reason: z.string().nullable().describe('Why it was refused, as a constant; null where it was accepted.'),
    message: z.string().describe('What was decided and why, in a sentence.'),
    count: z.number().int().positive().describe('How many calls alike there were in that minute.'),
    add_address: z
      .object({
        method: z.literal('POST').describe('The method.'),
        path: z.string().describe('The path.'),
        body: z.object({ address: z.string().describe('The address.') }).describe('The body.'),
      })
      .nullable()
      .describe('The request that adds the source address to the trunk; null where that would not help.'),
  })
  .meta({ id: 'ExpectedCallArrival' });
export type Arrival = z.infer<typeof arrival>;

const window = {
  trunk_id: uuid.describe('The trunk.'),
  opened_at: timestamp.describe('When the waiting began.'),
  expires_at: timestamp.describe('When the waiting ends.'),
  echo: z.boolean().describe('Whether accepted calls on the trunk are answered with a tone and an echo.'),
  from: e164.nullable().describe('Only calls from this number are answered so; null: calls from any number.'),
};

export const openedExpectation = z
  .object({
    ...window,
    dial: z.array(e164).describe('Numbers to call, of the trunk or else of the organisation; up to ten.'),
    dial_to: z.array(z.string()).describe('The bridge addresses that calls must be sent to.'),
    instructions: z.array(z.string()).describe('What to do next, step by step.'),
    report_url: z.string().describe('Where it is shown what arrives.'),
  })
  .meta({ id: 'OpenedExpectedCall' });
export type OpenedExpectation = z.infer<typeof openedExpectation>;

export const expectationReport = z
  .object({
    ...window,
    status: z
      .enum(['waiting', 'refused', 'accepted', 'over'])
      .describe('`waiting`: nothing arrived yet. Otherwise what became of the last call. `over`: nothing arrived.'),
    is_open: z.boolean().describe('Whether the waiting goes on.'),
    calls: z.array(arrival).describe('What arrived since the waiting began, the newest first; up to 50.'),
    next: z.string().describe('What to do now.'),
  })
  .meta({ id: 'ExpectedCallReport' });
export type ExpectationReport = z.infer<typeof expectationReport>;

export const addAddressBody = z
  .strictObject({ address: z.string().max(64).describe('An address or a network (CIDR).') })
  .meta({ id: 'InboundAddressRequest' });
