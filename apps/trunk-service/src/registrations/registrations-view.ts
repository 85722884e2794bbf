import { bridgeId, timestamp } from '@trunkmesh/contracts/scalar.js';
import { registrationState } from '@trunkmesh/contracts/bridge.js';
import { z } from 'zod';
import { pageQuery } from '../http/page.js';

export const registrationsQuery = pageQuery
  .extend({
    days: z.coerce
      .number()
      .int()
      .min(1)
      .max(90)
      .default(7)
      .describe('Of how many days, today included, the availability is given.'),
  })
  .strict();
export type RegistrationsQuery = z.output<typeof registrationsQuery>;

const seconds = z.number().int().min(0);

const registrationChange = z
  .object({
    at: timestamp.describe('When the gateway entered this state.'),
    until: timestamp
      .nullable()
      .describe('When the state ended, or when the bridge was last seen; null: it is the present one.'),
    ended_by: z
      .enum(['change', 'bridge-lost'])
      .nullable()
      .describe('`change`: another state followed. `bridge-lost`: nothing is known after `until`; null: it holds.'),
    duration_seconds: seconds.describe('How long the state lasted, until now for the present one.'),
    bridge_id: bridgeId.describe('The bridge.'),
    state: registrationState.describe('The state of the gateway in FreeSWITCH.'),
    up: z.boolean().describe('Whether calls could use the gateway.'),
    sip_status: z.number().int().nullable().describe('The SIP status that came with it; null: none.'),
    sip_phrase: z.string().nullable().describe('The phrase of the SIP status; null: none.'),
    ping: z.enum(['up', 'down']).nullable().describe('Whether it answered OPTIONS; null: it is not asked.'),
  })
  .meta({ id: 'RegistrationChange' });
export type RegistrationChange = z.infer<typeof registrationChange>;

const dayAvailability = z
  .object({
    date: z.iso.date().describe('The day in `time_zone`.'),
    up_seconds: seconds.describe('How long at least one bridge could use the gateway.'),
    down_seconds: seconds.describe('How long none could.'),
    unknown_seconds: seconds.describe(
      'How long nothing is known: no bridge had the gateway, or the bridge could not be seen. Not counted as up.',
    ),
    availability: z
      .number()
      .min(0)
      .max(1)
      .nullable()
      .describe('`up_seconds` as a part of `up_seconds` and `down_seconds`; null: nothing is known.'),
  })
  .meta({ id: 'DayAvailability' });

export const registrationsView = z
  .object({
    items: z.array(registrationChange).describe('The changes of the page, newest first.'),
    next_cursor: z.string().nullable().describe('The `cursor` of the next page; null: this is the last one.'),
    time_zone: z.string().describe('The time zone of the organisation, an IANA name.'),
    availability: z.array(dayAvailability).describe('The last days, the newest first; today until now.'),
  })
  .meta({ id: 'Registrations' });
export type RegistrationsView = z.infer<typeof registrationsView>;
