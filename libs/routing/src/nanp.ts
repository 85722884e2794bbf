import { Metadata, type CountryCode, type NumberType } from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/max/metadata';

/**
 * Country and kind of a North American number. libphonenumber takes 35 µs for one, because it builds the patterns of
 * up to 25 countries for each number. Here they are built once, from its own metadata, and asked in its order; a
 * property test compares both.
 */
export interface NanpNumber {
  readonly country: CountryCode | undefined;
  readonly type: NumberType | undefined;
}

interface Plan {
  readonly country: CountryCode;
  /** Where a country has this pattern, it alone says whose number it is. */
  readonly leading: RegExp | undefined;
  readonly whole: RegExp;
  readonly kinds: readonly { readonly type: NumberType; readonly pattern: RegExp }[];
}

const LENGTH = 10;
/** The order in which libphonenumber asks. Fixed-line and mobile are one in this plan and are not told apart here. */
const KINDS = [
  'FIXED_LINE',
  'MOBILE',
  'PREMIUM_RATE',
  'TOLL_FREE',
  'SHARED_COST',
  'VOIP',
  'PERSONAL_NUMBER',
  'PAGER',
  'UAN',
  'VOICEMAIL',
] as const;

/** What `Metadata` has and its types leave out. */
interface PlanPatterns {
  nationalNumberPattern(): string;
  /** The number 0 where there is none, as the metadata writes it. */
  leadingDigits(): string | 0 | undefined;
  type(type: string): { pattern(): string; possibleLengths(): number[] | undefined } | undefined;
}

const entirely = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`);

function planOf(country: CountryCode): Plan {
  const all = new Metadata(metadata) as unknown as { selectNumberingPlan(country: string): void } & PlanPatterns;
  all.selectNumberingPlan(country);
  const leading = all.leadingDigits();
  return {
    country,
    leading: typeof leading === 'string' ? new RegExp(`^(?:${leading})`) : undefined,
    whole: entirely(all.nationalNumberPattern()),
    kinds: KINDS.flatMap((type) => {
      const kind = all.type(type);
      // An empty pattern: the same as that of fixed lines.
      if (kind === undefined || kind.pattern() === '') return [];
      if (kind.possibleLengths()?.includes(LENGTH) === false) return [];
      return [{ type, pattern: entirely(kind.pattern()) }];
    }),
  };
}

const PLANS = (metadata.country_calling_codes['1'] ?? []).map((country) => planOf(country));
const MAIN = PLANS[0]!;
const NOBODYS: NanpNumber = { country: undefined, type: undefined };

/** `national`: ten digits, the first 2 to 9. Every number of that length is a possible one. */
export function nanpNumber(national: string): NanpNumber {
  for (const plan of PLANS) {
    if (plan.leading !== undefined) {
      if (plan.leading.test(national)) return { country: plan.country, type: kindOf(plan, national) };
      continue;
    }
    const type = kindOf(plan, national);
    if (type !== undefined) return { country: plan.country, type };
  }
  return NOBODYS;
}

/** The country to which the plan counts numbers that no country claims. */
export const NANP_MAIN_COUNTRY = MAIN.country;

function kindOf({ whole, kinds }: Plan, national: string): NumberType | undefined {
  return whole.test(national) ? kinds.find(({ pattern }) => pattern.test(national))?.type : undefined;
}
