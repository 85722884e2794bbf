import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import { timestamp, uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';
import type { Caller } from '../http/caller.js';
import { apiKeyView, type StoredApiKey } from './api-key.js';

export const currentUserView = z
  .object({
    role: z.enum(['bootstrap', 'admin', 'member', 'publisher']).describe('What the key may do.'),
    organization: z
      .object({
        id: uuid.describe('The organisation.'),
        name: z.string().describe("The organisation's name."),
        status: z
          .enum(['active', 'suspended'])
          .describe('`suspended`: nothing can be changed, and new calls are refused.'),
        time_zone: z.string().describe('Whose days and months are meant, an IANA name.'),
      })
      .nullable()
      .describe('Whom the key acts for; null for the bootstrap key without X-Organization-Id.'),
    key: z
      .object({
        id: uuid.describe('The key, by its id.'),
        name: z.string().describe('The name that the key was given.'),
        prefix: z.string().describe('The public part of the key, which tells keys apart.'),
        created_at: timestamp.describe('When the key was made.'),
        last_used_at: timestamp.nullable().describe('When the key was last used, to the hour.'),
      })
      .nullable()
      .describe('The key of this request; null for the bootstrap key.'),
  })
  .meta({ id: 'CurrentUser', description: 'Who the key of this request is.' });
export type CurrentUserView = z.infer<typeof currentUserView>;

export function currentUser(
  { role, organization }: Caller,
  state: Pick<OrganizationState, 'name' | 'time_zone'> | undefined,
  row: StoredApiKey | null,
): CurrentUserView {
  const key = row === null ? null : apiKeyView(row);
  return {
    role,
    organization:
      organization === null
        ? null
        : {
            id: organization.id,
            name: state?.name ?? '',
            status: organization.status,
            time_zone: state?.time_zone ?? 'UTC',
          },
    key: key && {
      id: key.id,
      name: key.name,
      prefix: key.prefix,
      created_at: key.created_at,
      last_used_at: key.last_used_at,
    },
  };
}
