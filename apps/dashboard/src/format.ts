/** Times, lengths and numbers as people read them. */

const PLAIN = new Intl.NumberFormat('en');
export const count = (value: number): string => PLAIN.format(value);

/** `1 number`, `2,000 numbers`. */
export const plural = (many: number, one: string): string => `${count(many)} ${one}${many === 1 ? '' : 's'}`;

/** Seconds as `1:05` or `2:03:09`. */
export function length(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return '–';
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const pad = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

const TENTHS = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
/** Seconds as minutes with one decimal. */
export const minutes = (seconds: number): string => TENTHS.format(seconds / 60);

/** Micro-units of a currency; without one there is nothing to pay. */
export function money(micros: string, currency: string | null): string {
  if (currency === null) return '–';
  return new Intl.NumberFormat('en', { style: 'currency', currency }).format(Number(micros) / 1_000_000);
}

/** What a minute costs: to the micro-unit. */
export const rate = (micros: string, currency: string): string =>
  new Intl.NumberFormat('en', { style: 'currency', currency, maximumFractionDigits: 6 }).format(
    Number(micros) / 1_000_000,
  );

export const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${Math.round((part / whole) * 100)} %`;

/** `called-party-busy` as `called party busy`. */
export const words = (constant: string): string => constant.replaceAll('-', ' ');

/** In the viewer's zone; `zone` is for tests. */
export function clock(instant: string, zone?: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZone: zone,
  }).format(new Date(instant));
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** `3 minutes ago`. */
export function ago(instant: string, now: number): string {
  const seconds = Math.round((Date.parse(instant) - now) / 1000);
  const [unit, size] = STEPS.find(([, each]) => Math.abs(seconds) >= each) ?? ['second', 1];
  return RELATIVE.format(Math.trunc(seconds / size), unit);
}
