import { parseCidr } from '@trunkmesh/routing/address.js';
import { formatNetwork } from '@trunkmesh/routing/claims.js';
import { z } from 'zod';
import { readInboundAddress } from './inbound-address.js';

/**
 * An address or network that an operator writes, brought to the one spelling that claims and evidence are compared by.
 */
export const networkInput = z
  .string()
  .max(64)
  .transform((text, context) => {
    const reading = readInboundAddress(text.trim());
    const cidr = reading.ok ? parseCidr(reading.text) : undefined;
    if (cidr !== undefined) return formatNetwork(cidr);
    context.addIssue({
      code: 'custom',
      message: reading.ok ? 'must be an IP address or a network' : reading.message,
      input: text,
    });
    return z.NEVER;
  });
