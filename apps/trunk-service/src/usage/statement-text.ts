const MOST_DIGITS = 6;

/** How many digits amounts of a currency usually have: 2 of USD, 0 of JPY, 3 of KWD. */
const usualDigits = (currency: string): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? MOST_DIGITS;

/**
 * Micro-units as units of the currency, exactly: `-1250000` of USD is `-1.25`, and `12500` is `0.012500`, because two
 * digits would lose something.
 */
export function unitsOf(micros: string, currency: string): string {
  const digits = micros.replace('-', '').padStart(MOST_DIGITS + 1, '0');
  const [units, fraction] = [digits.slice(0, -MOST_DIGITS), digits.slice(-MOST_DIGITS)];
  const usual = usualDigits(currency);
  const shown = /[1-9]/.test(fraction.slice(usual)) ? fraction : fraction.slice(0, usual);
  return `${micros.startsWith('-') ? '-' : ''}${units}${shown === '' ? '' : `.${shown}`}`;
}

/** An instant on the clocks of a time zone, with how far they are from UTC: `2026-10-25 02:30:00 +01:00`. */
export function localTime(instant: string | Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    ...{ timeZone, hourCycle: 'h23', timeZoneName: 'longOffset' },
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  }).formatToParts(new Date(instant));
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.find((part) => part.type === type)!.value;
  const offset = of('timeZoneName').replace('GMT', '') || '+00:00';
  return `${of('year')}-${of('month')}-${of('day')} ${of('hour')}:${of('minute')}:${of('second')} ${offset}`;
}

/** `754` is `12:34`: minutes and seconds. */
export function minutesOf(seconds: number): string {
  const whole = Math.abs(seconds);
  return `${seconds < 0 ? '-' : ''}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

export const REASONS = {
  'late-call': 'Recorded after its month was closed',
  'known-better': 'An estimate that is known better',
  'rate-plan-changed': 'A rate plan that was changed',
} as const;
