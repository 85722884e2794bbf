import { countryOrWorld } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';
import { LEAST_KEPT_DAYS } from './old-calls/kept-days.js';
import { LEAST_KEPT_MONTHS } from './usage/ledger/ledger-entry.js';

const LEAST_ALERT_MICROS = 10_000n;
/** `0.50` as micro-units: money is never floating point. */
function microsOf(text: string): bigint {
  const [units = '', fraction = ''] = text.split('.');
  return BigInt(units + fraction.padEnd(6, '0'));
}

/** Small states, islands and countries with expensive termination; satellites and international networks. */
const HIGH_COST_COUNTRIES =
  'AZ,BI,BY,CF,CK,CU,DJ,DZ,ER,ET,FK,GM,GN,GW,KI,KM,KP,LA,LR,MG,ML,MM,MR,MV,NR,NU,PG,SB,SC,SL,SO,ST,TD,TK,TL,TN,TO,TV,' +
  'UG,VU,WS,ZW,001';

const port = z.coerce.number().int().min(0).max(65535);

/** The environment of billing-observer. `OPS_PORT` 0: a free one, which the log names. */
export const environmentSchema = z.object({
  NATS_URL: z
    .string()
    .default('nats://127.0.0.1:4222')
    .describe('NATS server, or several separated by commas; user and password may be in the URL.'),
  /** billing-observer's own database. */
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL')
    .describe("PostgreSQL database of usage records and the call log: not trunk-service's database."),
  OPS_PORT: port
    .default(9403)
    .describe('Port of `/health/live`, `/health/ready` and `/metrics`; 0 takes a free one, which the log names.'),
  OPS_HOST: z.string().default('127.0.0.1').describe('Address that `OPS_PORT` listens on.'),
  ALERT_EVERY_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(86_400)
    .default(300)
    .describe('Seconds between two looks for unusual usage, by one copy at a time; 0: no usage alerts.'),
  ALERT_MINUTES: z.coerce
    .number()
    .min(1)
    .default(60)
    .describe('An hour of an organisation with fewer minutes of calls is never unusual.'),
  ALERT_AMOUNT: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,6})?$/, 'must be an amount such as 10 or 0.50')
    .default('10')
    .transform(microsOf)
    .refine((micros) => micros >= LEAST_ALERT_MICROS, 'must be at least 0.01')
    .describe('An hour of an organisation that is charged less, in whatever currency, is never unusual.'),
  ALERT_COUNTRIES: z
    .string()
    .default(HIGH_COST_COUNTRIES)
    .transform((text) =>
      text
        .split(',')
        .map((each) => each.trim().toUpperCase())
        .filter((each) => each !== ''),
    )
    .pipe(z.array(countryOrWorld))
    .describe(
      'Countries (ISO 3166-1 alpha-2, separated by commas; `001`: satellite and international networks) to which ' +
        'the first calls of an organisation raise an alert. The default is a list to begin with; set the expensive ' +
        'ones of your carriers.',
    ),
  CALL_LOG_KEEP_DAYS: z.coerce
    .number()
    .int()
    .min(0)
    .max(36_500)
    .refine((days) => days === 0 || days >= LEAST_KEPT_DAYS, `must be 0 or at least ${LEAST_KEPT_DAYS}`)
    .default(0)
    .describe(
      'Days before today (UTC) of which calls stay in the call log with their events, which have the numbers of ' +
        'callers. Older ones are removed; their entries in the ledger and the sums of usage stay. 0: all stay.',
    ),
  USAGE_CLOSE_DAYS: z.coerce
    .number()
    .int()
    .min(0)
    .max(27)
    .default(5)
    .describe(
      "Days after a month's end, in the organisation's time zone, until its statement is closed; what comes later is " +
        'in the next statement.',
    ),
  USAGE_KEEP_MONTHS: z.coerce
    .number()
    .int()
    .min(0)
    .refine((months) => months === 0 || months >= LEAST_KEPT_MONTHS, `must be 0 or at least ${LEAST_KEPT_MONTHS}`)
    .default(0)
    .describe(
      'Months of the ledger before the current one (UTC) that stay in the database. The command `archive-usage` ' +
        'exports older ones to files and drops them; their sums and statements stay. 0: all months stay.',
    ),
  USAGE_ARCHIVE_DIR: z
    .string()
    .optional()
    .describe('Existing folder in which `archive-usage` writes its files, for each month `usage-YYYY-MM.csv.gz`.'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least severe level that is logged.'),
});
export type Config = z.output<typeof environmentSchema>;
