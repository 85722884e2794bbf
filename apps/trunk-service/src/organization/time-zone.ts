import { z } from 'zod';

/** As IANA spells it, whatever the case. */
export const timeZone = z
  .string()
  .max(64)
  .transform((text, context) => {
    const zone = canonicalZone(text);
    if (zone === undefined)
      context.addIssue({ code: 'custom', message: 'must be an IANA time zone, for example "Europe/Berlin"' });
    return zone ?? z.NEVER;
  })
  .describe(
    'Whose days and months its usage is counted in, and whose days dates mean: an IANA name such as Europe/Berlin.',
  );

/** Offsets such as `+02:00` are no zone: they have no summer time. */
function canonicalZone(text: string): string | undefined {
  const known = ZONES.get(text.toLowerCase());
  return known ?? (ZONE.test(text) && isZone(text) ? text : undefined);
}
const ZONE = /^[A-Za-z][\w+-]*(\/[\w+-]+)*$/;
const ZONES: ReadonlyMap<string, string> = new Map(
  ['UTC', ...Intl.supportedValuesOf('timeZone')].map((zone) => [zone.toLowerCase(), zone]),
);
/** Newer names of a zone (Asia/Kolkata) are known to Intl and not in its list. */
function isZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
