import { z } from 'zod';

export const playQuery = z.strictObject({
  organization_id: z
    .uuid()
    .optional()
    .describe('As the header `X-Organization-Id`, for players that cannot send a header.'),
  download: z.enum(['true', 'false']).default('false').describe('`true`: browsers save the file and do not play it.'),
});
export type PlayQuery = z.output<typeof playQuery>;

export const pendingRecording = z
  .object({
    status: z.literal('pending').describe('The state.'),
    detail: z.string().describe('What happened and what to do, in a sentence.'),
  })
  .meta({ id: 'PendingRecording', description: 'The recording is not stored yet.' });
