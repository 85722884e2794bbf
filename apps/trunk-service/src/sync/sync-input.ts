import { uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';
import { settingFields, wantedSettings } from '../call-settings/call-settings-input.js';
import type { AddressPolicy } from '../network/address-policy.js';

/** Numbers as in an import; trunks as many as an organisation may reasonably have. */
const trunks = z.array(z.unknown()).max(10_000);
const numbers = z.array(z.unknown()).max(100_000);

/**
 * The platform's whole configuration of one organisation. Both lists must be there: what is not in them is removed, and
 * a list that was forgotten must not remove everything. The platform's own names for them are understood too. The
 * organisation's own call settings are in `settings`, as a whole; a request without it leaves them.
 */
export const organizationSync = (policy: AddressPolicy) =>
  z.preprocess(
    renamed,
    z.strictObject({
      organization_id: uuid
        .transform((id) => id.toLowerCase())
        .optional()
        .describe('The organisation.'),
      trunks: trunks.describe('every trunk of the organisation'),
      numbers: numbers.describe('every phone number of the organisation'),
      settings: z
        .strictObject(settingFields(policy))
        .partial()
        .transform((raw) => wantedSettings(raw) ?? {})
        .optional()
        .describe(
          "the organisation's call settings; what is not among them is cleared, but `signing_secret` stays. " +
            'Without `settings` all of them stay',
        ),
    }),
  );
export type OrganizationSync = z.output<ReturnType<typeof organizationSync>>;

const ALIASES: Record<string, string> = { sip_trunks: 'trunks', phone_numbers: 'numbers' };

function renamed(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const known = body as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(known).map(([name, value]) => {
      const proper = Object.hasOwn(ALIASES, name) ? ALIASES[name]! : name;
      return [proper !== name && Object.hasOwn(known, proper) ? name : proper, value];
    }),
  );
}
