import { uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';
import { registrationCause, trunkVerdictView } from '../status/trunk-verdict-view.js';

/** More trunks are counted, but not judged one by one: that would take seconds at every look. */
export const MAX_JUDGED = 2_000;
const MAX_IDS = 200;
const MAX_FAULTS = 20;

export const trunkState = z
  .object({
    trunk_id: uuid.describe('The trunk.'),
    name: z.string().describe("The trunk's name."),
    verdict: trunkVerdictView.shape.verdict,
    summary: trunkVerdictView.shape.summary,
    hint: z.string().nullable().describe('What to do; null where there is nothing to do.'),
    cause: registrationCause.nullable().describe('The likely cause, as a constant; null where none is known.'),
  })
  .meta({ id: 'TrunkState', description: 'Whether a trunk is live, in short.' });
export type TrunkStateView = z.infer<typeof trunkState>;

export const trunkStatesQuery = z.strictObject({
  ids: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(uuid).max(MAX_IDS))
    .describe(`The trunks, by their ids, separated by commas; at most ${MAX_IDS}.`),
});

const count = (what: string) => z.number().int().describe(what);
export const trunkCounts = z
  .object({
    total: count('Trunks of the organisation.'),
    judged: count(`Of how many the state is counted below: the first ${MAX_JUDGED} by priority.`),
    live: count('On all their bridges.'),
    pending: count('Waiting for a bridge or a registration.'),
    failed: count('Not usable on at least one bridge.'),
    disabled: count('Disabled.'),
    unplaced: count('Without a bridge that can take them.'),
    faults: z.array(trunkState).describe(`The first ${MAX_FAULTS} that are failed or unplaced.`),
  })
  .meta({ id: 'TrunkCounts', description: 'How many trunks are in which state.' });
export type TrunkCounts = z.infer<typeof trunkCounts>;

export function countStates(states: readonly TrunkStateView[], total: number): TrunkCounts {
  const of = (verdict: TrunkStateView['verdict']) => states.filter((each) => each.verdict === verdict).length;
  const faults = states.filter(({ verdict }) => verdict === 'failed' || verdict === 'unplaced').slice(0, MAX_FAULTS);
  return {
    total,
    judged: states.length,
    live: of('live'),
    pending: of('pending'),
    failed: of('failed'),
    disabled: of('disabled'),
    unplaced: of('unplaced'),
    faults,
  };
}
