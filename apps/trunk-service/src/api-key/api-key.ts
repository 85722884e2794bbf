import { printable } from '@trunkmesh/contracts/trunk.js';
import { timestamp, uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';

export const apiKeyRole = z.enum(['admin', 'member', 'publisher']);

export const apiKeyCreation = z
  .strictObject({
    name: printable(100).min(1).describe('The name.'),
    role: apiKeyRole.describe('What the key may do.'),
    organization_id: uuid
      .optional()
      .describe('Only the bootstrap key needs it, and may send the header X-Organization-Id instead.'),
  })
  .meta({ id: 'ApiKeyCreation' });

/** What is shown of a key. */
export interface StoredApiKey {
  id: string;
  organization_id: string;
  lookup: string;
  name: string;
  role: z.infer<typeof apiKeyRole>;
  created_at: Date;
  last_used_at: Date | null;
}

export const apiKeyViewSchema = z
  .object({
    id: uuid.describe('The id.'),
    organization_id: uuid.describe('The organisation.'),
    name: z.string().describe('The name.'),
    role: apiKeyRole.describe('What the key may do.'),
    prefix: z.string().describe('The public part of the key, which tells keys apart.'),
    created_at: timestamp.describe('When it was made.'),
    last_used_at: timestamp.nullable().describe('When the key was last used, to the hour; null: never.'),
  })
  .meta({ id: 'ApiKey' });
export type ApiKeyView = z.infer<typeof apiKeyViewSchema>;

export function apiKeyView({
  id,
  organization_id,
  name,
  role,
  lookup,
  created_at,
  last_used_at,
}: StoredApiKey): ApiKeyView {
  return {
    id,
    organization_id,
    name,
    role,
    prefix: `tm_${lookup}`,
    created_at: created_at.toISOString(),
    last_used_at: last_used_at?.toISOString() ?? null,
  };
}
