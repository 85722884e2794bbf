import { parseElement, splitList } from './sip-value.js';

/** The contract's limit of a user part. */
const MAX_USER = 256;

/**
 * Who calls, for the live call and for its explanation alike: the first number that the carrier asserts (RFC 3325 §9.1:
 * a `sip:` and a `tel:` address may stand side by side), otherwise the user of From. `asserted`: the values of
 * P-Asserted-Identity, or the user alone, which is what FreeSWITCH gives where it does not give the header.
 */
export function callerOf(asserted: readonly string[], from: string): string {
  for (const element of asserted.flatMap(splitList)) {
    const dialled = parseElement(element);
    if (dialled === undefined || !/^\+?\d[\d().-]{2,}$/.test(dialled.text)) continue;
    const context = dialled.context === undefined ? '' : `;phone-context=${dialled.context}`;
    return `${dialled.text}${context}`.slice(0, MAX_USER);
  }
  return from.slice(0, MAX_USER);
}

/**
 * `id` hides the asserted identity (RFC 3325 §9.3), `user` and `header` everything that identifies the caller (RFC 3323
 * §4.2); `session`, `history` and `critical` concern other things.
 */
const WITHHOLDING = new Set(['id', 'user', 'header']);

/** Whether the caller asked not to be made known. `privacy`: Privacy's values, `;` (or, wrongly, `,`) between words. */
export const isWithheld = (privacy: readonly string[]): boolean =>
  privacy.some((value) => value.split(/[;,]/).some((word) => WITHHOLDING.has(word.trim().toLowerCase())));
