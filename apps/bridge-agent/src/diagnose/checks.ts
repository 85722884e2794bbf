import type { TrunkCheck, TrunkTestCause } from '@trunkmesh/contracts/trunk-test.js';

export type CheckName = TrunkCheck['check'];

/** What a table says of a fault; the check's name and the SIP status are added. */
export interface Finding {
  result: TrunkCheck['result'];
  cause: TrunkTestCause | null;
  seen: string;
  todo: string | null;
}

export const passed = (seen: string): Finding => ({ result: 'pass', cause: null, seen, todo: null });
export const failed = (cause: TrunkTestCause, seen: string, todo: string): Finding => ({
  result: 'fail',
  cause,
  seen,
  todo,
});
export const open = (cause: TrunkTestCause, seen: string, todo: string | null): Finding => ({
  result: 'inconclusive',
  cause,
  seen,
  todo,
});

export const checkOf = (check: CheckName, finding: Finding, sip_status: number | null = null): TrunkCheck => ({
  check,
  ...finding,
  sip_status,
});

/** A check that cannot be run, because one before it failed. */
export const notRun = (check: CheckName, because: string): TrunkCheck =>
  checkOf(check, open('not-run', `Not run: ${because}`, null));

/** Our own words for what carriers answer: their own phrases are never repeated. */
const PHRASES: Readonly<Record<number, string>> = {
  200: 'OK',
  302: 'moved temporarily',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not found',
  405: 'method not allowed',
  407: 'proxy authentication required',
  408: 'request timeout',
  423: 'interval too brief',
  480: 'temporarily unavailable',
  484: 'address incomplete',
  486: 'busy',
  487: 'request terminated',
  488: 'not acceptable here',
  500: 'server error',
  501: 'not implemented',
  503: 'service unavailable',
  603: 'decline',
};
export const sipStatus = (status: number): string =>
  PHRASES[status] === undefined ? `SIP status ${status}` : `SIP status ${status} (${PHRASES[status]})`;
