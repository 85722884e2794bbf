import { z } from 'zod';

/** The scalars that several entities share. Shapes and units stand here once. */
export const uuid = z.uuid();
/** E.164: `+`, then 7 to 15 digits, the first not 0 (ITU-T E.164 §6). */
export const e164 = z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a number in E.164, for example +15551234567');
/** ISO 3166-1 alpha-2, upper case. */
export const countryCode = z
  .string()
  .regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 country code, for example "US"');
/** Numbers of satellites and international networks (ITU-T E.164) belong to no country: the world, UN M.49. */
export const WORLD = '001';
/** Whom a number belongs to: a country, or `001`. */
export const countryOrWorld = z
  .string()
  .regex(/^(?:[A-Z]{2}|001)$/, 'must be an ISO 3166-1 alpha-2 country code, for example "US", or "001"');
/** RFC 3339 in UTC with milliseconds, as `Date.prototype.toISOString` writes it. */
export const timestamp = z.iso.datetime({ precision: 3 });
/** RFC 3339 in UTC with microseconds. */
export const preciseTimestamp = z.iso.datetime({ precision: 6 });
/** W3C Trace Context `traceparent`. */
export const traceparent = z.string().regex(/^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/);
/** A bridge, a pool: becomes a token of a NATS subject, so no dot, space or wildcard. */
export const bridgeId = z
  .string()
  .regex(/^[A-Za-z\d][A-Za-z\d_-]{0,62}$/, 'must be 1 to 63 letters, digits, "-" or "_"');
export const poolName = bridgeId;

export type Timestamp = z.infer<typeof timestamp>;
