import { TIME_IS } from '@trunkmesh/contracts/carrier-bill.js';
import { printable } from '@trunkmesh/contracts/trunk.js';
import { z } from 'zod';
import { existingCountry } from '../http/country.js';
import { timeZone } from '../organization/time-zone.js';
import { isTimePattern, NAMED_FORMATS } from './time-format.js';

const columnName = printable(100).min(1);
/** One name, or several of which the file has one. Upper and lower case, spaces and underscores are alike. */
const column = z
  .union([columnName, z.array(columnName).min(1).max(10)])
  .transform((names) => (typeof names === 'string' ? [names] : names));
const optionalColumn = column.nullable().default(null);

const timeFormat = printable(60).refine(
  (text) => (NAMED_FORMATS as readonly string[]).includes(text) || isTimePattern(text),
  'must be "standard", "unix", "unix-ms" or a pattern with a day and a time, for example "MM/DD/YYYY HH:mm:ss"',
);
const currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 currency code, for example "USD"');

/** How a provider writes its CDR file. */
export const carrierFormatBody = z
  .strictObject({
    columns: z
      .strictObject({
        from: column.describe('The calling number.'),
        to: column.describe('The called number.'),
        time: column.describe('The time of the call; only its day where `time_of_day` is another column.'),
        time_of_day: optionalColumn.describe('The time of day; null: it is in the column `time`.'),
        duration: column.describe('The billed length.'),
        amount: optionalColumn.describe('What the carrier bills for the call; null: the file does not say.'),
        currency: optionalColumn.describe('The currency of the amount; null: the same for all, see `currency`.'),
        reference: optionalColumn.describe("The carrier's id of the call; null: none."),
      })
      .describe('The names of the columns, each as one name or as a list of which the file has one.'),
    time_format: timeFormat
      .default('standard')
      .describe(
        '`standard` (ISO 8601 or RFC 2822), `unix`, `unix-ms`, or a pattern of YYYY YY MMM MM DD ddd HH hh mm ss A Z.',
      ),
    time_zone: timeZone.default('UTC').describe('The time zone of times that do not say theirs, an IANA name.'),
    time_is: z
      .enum(TIME_IS)
      .default('start')
      .describe('What the time is: the start, the answer or the end of the call.'),
    duration_unit: z
      .enum(['seconds', 'minutes', 'milliseconds', 'clock'])
      .default('seconds')
      .describe('The unit of the length; `clock`: hours, minutes and seconds as 1:02:03 or 2:03.'),
    decimal: z.enum(['.', ',']).default('.').describe('What stands before the decimals of a number.'),
    negative_amounts: z.boolean().default(false).describe('True: the file writes what it bills as negative amounts.'),
    currency: currency.nullable().default(null).describe('The currency of all amounts; null: a column says it.'),
    default_country: existingCountry
      .nullable()
      .default(null)
      .describe('The country of numbers that are written without a country code; null: all have one.'),
    delimiter: z
      .enum([',', ';', '\t', '|'])
      .nullable()
      .default(null)
      .describe('What separates the columns; null: what the header line has most of.'),
  })
  .refine(({ columns, currency: same }) => columns.amount === null || columns.currency !== null || same !== null, {
    path: ['currency'],
    error: 'is required where there is a column for the amount and none for the currency',
  })
  .meta({ id: 'CarrierFormatInput' });
export type CarrierFormatBody = z.output<typeof carrierFormatBody>;

const columns = z.object({
  from: z.array(z.string()).describe('The calling number.'),
  to: z.array(z.string()).describe('The called number.'),
  time: z.array(z.string()).describe('The time of the call.'),
  time_of_day: z.array(z.string()).nullable().describe('The time of day; null: it is in the column `time`.'),
  duration: z.array(z.string()).describe('The billed length.'),
  amount: z.array(z.string()).nullable().describe('What the carrier bills; null: the file does not say.'),
  currency: z.array(z.string()).nullable().describe('The currency; null: the same for all.'),
  reference: z.array(z.string()).nullable().describe("The carrier's id of the call; null: none."),
});

export const carrierFormat = z
  .object({
    name: z.string().describe('The name of the format, for example that of the provider.'),
    preset: z.boolean().describe('True: it comes with TrunkMesh, and a format of the same name replaces it.'),
    confirmed: z
      .boolean()
      .describe("False: a preset that could not be checked with the provider's documentation; check it with a file."),
    ...carrierFormatBody.shape,
    columns: columns.describe('The names of the columns, each a list of which the file has one.'),
  })
  .meta({ id: 'CarrierFormat' });
export type CarrierFormat = z.output<typeof carrierFormat>;

export const formatName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be 1 to 63 lower-case letters, digits, "-" or "_"');
