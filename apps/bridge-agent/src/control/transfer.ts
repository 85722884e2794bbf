import type { TransferResult } from '@trunkmesh/contracts/call-parts.js';

/**
 * FreeSWITCH's current variables of a REFER (`sip_refer_status_code`, `sip_refer_target_status_code`); undefined until
 * they are set.
 */
export interface ReferStatus {
  refer: number | undefined;
  target: number | undefined;
}

/**
 * How the transfer ended, or undefined while it goes on. The 202 only says that the carrier will try (RFC 3515 §2.4.2);
 * the NOTIFY has the outcome. An unreadable NOTIFY body is 0 there.
 */
export function outcomeOf({ refer, target }: ReferStatus): TransferResult['outcome'] | undefined {
  if (target !== undefined) return target === 0 ? 'indeterminate' : target < 300 ? 'transferred' : 'refused';
  return refer !== undefined && refer >= 300 ? 'refused' : undefined;
}

/** A status as FreeSWITCH writes it into a variable. */
export const statusNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : undefined;
