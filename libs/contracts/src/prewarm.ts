import { z } from 'zod';

/** `POST prewarm_url`: a call rings, and its media stream follows. Signed after the Standard Webhooks specification. */
export const prewarmBody = z
  .object({
    call_sid: z.string().describe('The call: `CA` and 32 hexadecimal digits.'),
    from_number: z.string().describe('The calling number.'),
    caller_withheld: z
      .literal(true)
      .optional()
      .describe('Present and true where the caller withheld the number: it is for the platform alone.'),
    to_number: z.string().describe('The called number.'),
    outbound: z.boolean().describe('Whether the platform called.'),
    assistant_id: z.number().int().optional().describe('The assistant; absent where a flow takes the call.'),
    flow_id: z.number().int().optional().describe('The flow; absent where an assistant takes the call.'),
    welcome_message: z.string().optional().describe('What the assistant says first; of an outbound call.'),
    agenda: z.string().optional().describe('What the call is about; of an outbound call.'),
    variables: z.record(z.string(), z.unknown()).optional().describe('What the platform gave for an outbound call.'),
  })
  .meta({ id: 'Prewarm', description: 'A call that rings.' });
export type PrewarmBody = z.infer<typeof prewarmBody>;

/** The answer; one that cannot be read, or is late, counts as `failed`, and the call goes on. */
export const prewarmAnswer = z
  .object({
    call_sid: z.string().optional().describe('The call.'),
    prewarmed: z.boolean().optional().describe('False: the platform did not prepare. Absent: it did.'),
  })
  .meta({ id: 'PrewarmAnswer', description: 'Whether the platform prepared for the call.' });
