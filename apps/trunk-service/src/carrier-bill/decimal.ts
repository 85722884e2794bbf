const NUMBER = /^([-+]?)(\d{0,15})(?:\.(\d{0,30}))?(?:e([-+]?\d{1,2}))?$/i;
/** Spaces, apostrophes between thousands, and signs of currencies. */
const DECORATION = /[\s\u00a0'’$€£¥]/g;

/**
 * A decimal number as an integer with `places` digits behind the point, rounded half away from zero; undefined where it
 * is none. No floating point is used: 0.1 stays 0.1.
 */
export function parseDecimal(text: string, point: '.' | ',', places: number): bigint | undefined {
  const bare = text.replace(DECORATION, '').replaceAll(point === '.' ? ',' : '.', '');
  const match = NUMBER.exec(point === '.' ? bare : bare.replace(',', '.'));
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  if (whole + fraction === '') return undefined;
  const value = scaled(BigInt(whole + fraction), places - fraction.length + Number(exponent));
  return sign === '-' ? -value : value;
}

const scaled = (digits: bigint, shift: number) =>
  shift >= 0 ? digits * 10n ** BigInt(shift) : roundedQuotient(digits, 10n ** BigInt(-shift));
const roundedQuotient = (value: bigint, by: bigint) => (value * 2n + by) / (by * 2n);
