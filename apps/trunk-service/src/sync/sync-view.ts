import { uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';
import { trunkVerdictView } from '../status/trunk-verdict-view.js';

const count = z.number().int().nonnegative();

export const syncView = z
  .object({
    success: z.boolean().describe('Every enabled trunk is live on its bridges, by their own reports.'),
    message: z.string().describe('The outcome in a sentence.'),
    total_trunks: count.describe('How many trunks the organisation has.'),
    enabled_trunks: count.describe('How many of them are enabled.'),
    live: count.describe('How many enabled trunks are live.'),
    pending: count.describe('How many enabled trunks are not applied or not registered yet.'),
    failed: count.describe('How many enabled trunks failed.'),
    unplaced: count.describe('How many enabled trunks have no bridge.'),
    trunks: z
      .array(
        trunkVerdictView
          .extend({
            id: uuid.describe('The trunk.'),
            name: z.string().describe("The trunk's name."),
            enabled: z.boolean().describe('False: out of routing, with its credentials kept.'),
          })
          .meta({ id: 'SyncedTrunk', description: 'The state of one trunk after a sync.' }),
      )
      .describe('The state of each trunk.'),
  })
  .meta({ id: 'SyncReport', description: 'What is live, pending or failed on the bridges.' });

const changedTrunks = z
  .object({
    count: count.describe('How many.'),
    items: z
      .array(z.object({ id: uuid.describe('The trunk.'), name: z.string().describe("The trunk's name.") }))
      .describe('The first 1,000 of them.'),
  })
  .meta({ id: 'ChangedTrunks', description: 'Trunks that a sync changed.' });
const changedNumbers = z
  .object({
    count: count.describe('How many.'),
    items: z
      .array(
        z.object({ id: uuid.describe('The number, by its id.'), phone_number: z.string().describe('The number.') }),
      )
      .describe('The first 1,000 of them.'),
  })
  .meta({ id: 'ChangedNumbers', description: 'Phone numbers that a sync changed.' });
const kinds = <Kind extends z.ZodType>(kind: Kind) => ({
  created: kind.describe('What was added.'),
  updated: kind.describe('What was changed.'),
  deleted: kind.describe('What was removed.'),
  unchanged: count.describe('How many stayed as they were.'),
});

export const organizationSyncView = syncView
  .extend({
    organization_id: uuid.describe('The organisation.'),
    changed: z.boolean().describe('Whether anything was changed.'),
    changes: z
      .object({
        trunks: z.object(kinds(changedTrunks)).describe('What changed among the trunks.'),
        numbers: z.object(kinds(changedNumbers)).describe('What changed among the phone numbers.'),
        settings: z.array(z.string()).describe('The names of the call settings that changed.'),
      })
      .describe('What the sync changed.'),
  })
  .meta({ id: 'OrganizationSyncReport', description: 'What a sync changed, and what is live on the bridges.' });
