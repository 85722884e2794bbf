/** Micro-units as units, exactly: `-1250000` is `-1.250000`. */
export function unitsOf(micros: string): string {
  const digits = micros.replace('-', '').padStart(7, '0');
  return `${micros.startsWith('-') ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
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
