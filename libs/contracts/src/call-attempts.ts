import { z } from 'zod';
import { callAttempt } from './call-parts.js';
import { callParties } from './call-parties.js';
import { occurrence } from './envelope.js';
import { bridgeId } from './scalar.js';

/** An attempt of an outbound call failed; the call's end, or the next attempt, follows. */
export const callAttemptFailed = occurrence(
  'CallAttemptFailed',
  callParties.extend({ attempt: callAttempt.describe('What became of the attempt.') }),
);
export type CallAttemptFailed = z.infer<typeof callAttemptFailed>;

/**
 * A bridge goes on with an outbound call that another one had, because the next trunk is registered there; or it keeps
 * the call that it offered to another one (`from_bridge` is then its own). Written only while no other event follows
 * the one that the offer names, so that one bridge has the call: it is dialled by the bridge of its last event.
 */
export const callContinued = occurrence(
  'CallContinued',
  callParties.extend({
    from_bridge: bridgeId.describe('The bridge that had the call.'),
    attempts: z.number().int().nonnegative().max(8).describe('How many attempts failed before.'),
  }),
);
export type CallContinued = z.infer<typeof callContinued>;
