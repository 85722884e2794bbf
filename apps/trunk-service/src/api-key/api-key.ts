import { printable } from '@trunkmesh/contracts/trunk.js';
import { timestamp, uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';

export const apiKeyRole = z.enum(['admin', 'member', 'publisher']);

export const apiKeyCreation = z.strictObject({
  name: printable(100).min(1),
  role: apiKeyRole,
  /** Only the bootstrap key needs it, and may send the header X-Organization-Id instead. */
  organization_id: uuid.optional(),
});

export interface ApiKeyRow {
  id: string;
  organization_id: string;
  lookup: string;
  name: string;
  role: z.infer<typeof apiKeyRole>;
  created_at: Date;
  last_used_at: Date | null;
}

export const apiKeyViewSchema = z.object({
  id: uuid,
  organization_id: uuid,
  name: z.string(),
  role: apiKeyRole,
  /** Tells keys apart without being one. */
  prefix: z.string(),
  created_at: timestamp,
  /** To the hour. */
  last_used_at: timestamp.nullable(),
});
export type ApiKeyView = z.infer<typeof apiKeyViewSchema>;

export function apiKeyView({
  id,
  organization_id,
  name,
  role,
  lookup,
  created_at,
  last_used_at,
}: ApiKeyRow): ApiKeyView {
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
