import { sipMessage } from '@trunkmesh/contracts/sip-message.js';
import { z } from 'zod';

export const sipQuery = z.strictObject({
  format: z
    .enum(['json', 'pcap'])
    .default('json')
    .describe('`pcap`: a file for Wireshark, with IP and UDP headers made up from the addresses.'),
});
export type SipQuery = z.output<typeof sipQuery>;

export const callSip = z
  .object({
    call_sid: z.string().describe('The call, as the platform names it: `CA` and 32 hexadecimal digits.'),
    messages: z
      .array(sipMessage)
      .describe(
        'In the order of time. Empty: none was kept, or they are older than the retention (7 days by default).',
      ),
    left_out: z
      .number()
      .int()
      .describe(
        "How many further messages, at least, were beyond the call's limits or the organisation's share of the day.",
      ),
  })
  .meta({ id: 'CallSip' });
export type CallSip = z.infer<typeof callSip>;

export const trunkSip = z
  .object({
    bridges: z
      .array(
        z.object({
          bridge_id: z.string().describe('The bridge.'),
          updated_at: z.string().describe('When this was last changed.'),
          messages: z.array(sipMessage).describe('Its last registration and OPTIONS, in the order of time.'),
        }),
      )
      .describe('One entry a bridge. Empty: none was kept, or they are older than what is kept.'),
  })
  .meta({ id: 'TrunkSip' });
export type TrunkSip = z.infer<typeof trunkSip>;
