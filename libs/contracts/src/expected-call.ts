import { z } from 'zod';
import { e164, timestamp, uuid } from './scalar.js';

/**
 * An organisation waits for a call of its own on a trunk, to see what arrives. Value of the bucket `expected-calls`,
 * key `expectedCallKey`; it counts until `expires_at`, by the reader's clock.
 */
export const expectedCall = z.object({
  organization_id: uuid.describe('The organisation.'),
  trunk_id: uuid.describe('The trunk.'),
  opened_at: timestamp.describe('When the waiting began.'),
  expires_at: timestamp.describe('When it ends.'),
  echo: z
    .boolean()
    .describe('Accepted calls on the trunk are answered with a tone and an echo, in place of the assistant.'),
  from: e164.nullable().describe('Only calls from this number are answered so; null: from any.'),
});
export type ExpectedCall = z.infer<typeof expectedCall>;

export const EXPECTED_CALL_MS = 300_000;
