import { z } from 'zod';

const count = z.number().int().nonnegative();

export const importReport = z
  .object({
    total: count.describe('How many lines were read.'),
    added: count.describe('How many numbers were added.'),
    updated: count.describe('How many numbers were changed.'),
    unchanged: count.describe('How many numbers were as wanted already.'),
    skipped: count.describe('How many lines were skipped because the number exists.'),
  })
  .meta({ id: 'ImportReport', description: 'What an import did.' });
