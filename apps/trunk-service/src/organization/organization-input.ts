import { organizationState } from '@trunkmesh/contracts/organization.js';
import { printable } from '@trunkmesh/contracts/trunk.js';
import { z } from 'zod';
import { countryCodes } from '../http/country.js';

const name = printable(200).trim().min(1);

export const organizationCreation = z.strictObject({ name, outbound_country_codes: countryCodes.nullable().default(null) });
export const organizationChange = z.strictObject({ name: name.optional(), outbound_country_codes: countryCodes.nullable().optional() });
export const organizationView = organizationState;
