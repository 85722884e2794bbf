import { z } from 'zod';

/** What the other side of a gateway does, as tests want it. Pure. */
export const carrier = z.object({
  /** `host` or `host:port`, as a gateway's proxy names it. */
  address: z.string().min(1),
  /** Digest users and their passwords; absent: every credential is right. */
  users: z.record(z.string(), z.string()).optional(),
  /** Where REGISTER answers come from, in events; the address when it is an IP. */
  network: z.object({ address: z.string(), port: z.number().int() }).optional(),
  /** What a REGISTER is challenged with. FreeSWITCH answers MD5 alone. */
  digest: z.enum(['MD5', 'SHA-256']).default('MD5'),
  /** Answers OPTIONS; false: the ping of a gateway that asks for one goes down. */
  answersPing: z.boolean().default(true),
  /** A SIP status that every REGISTER gets, such as 403. */
  registerStatus: z.number().int().optional(),
  /**
   * How calls towards it end: the first whose `match` (a regular expression on the number) fits; without one they are
   * answered.
   */
  calls: z
    .array(
      z.object({
        match: z.string().default(''),
        /**
         * A SIP status, `answer`, `silent` (nothing ever comes back), or `number`: the last three digits of the number
         * are the status.
         */
        outcome: z.union([z.number().int().min(300).max(699), z.enum(['answer', 'silent', 'number'])]),
        /** After the answer the carrier hangs up by itself. */
        hangup_after_ms: z.number().int().positive().optional(),
        ring_ms: z.number().int().nonnegative().default(0),
      }),
    )
    .default([]),
});
export type Carrier = z.infer<typeof carrier>;
export type CarrierInput = z.input<typeof carrier>;

export type CallOutcome = {
  outcome: number | 'answer' | 'silent';
  phrase?: string;
  hangupAfterMs?: number;
  ringMs: number;
};

export type Answer = { status: number; phrase: string; network?: { address: string; port: number } };

/** `proxy` as FreeSWITCH writes it: `sip:host:port;transport=…` becomes `host:port`. */
export const hostPort = (proxy: string): string =>
  proxy
    .replace(/^sips?:/, '')
    .replace(/[;?].*$/, '')
    .replace(/^.*@/, '');

const isAddress = (host: string): boolean =>
  /^\[?[\da-f:]+:[\da-f:.]*\]?$/i.test(host) || /^\d+\.\d+\.\d+\.\d+$/.test(host);
const hostOf = (address: string): string => /^\[[^\]]+\]/.exec(address)?.[0] ?? address.split(':')[0]!;

const unreachable = (address: string): Answer =>
  isAddress(hostOf(address)) ? { status: 503, phrase: 'Service Unavailable' } : { status: 503, phrase: 'DNS Error' };

export function findCarrier(carriers: readonly Carrier[], proxy: string): Carrier | undefined {
  const address = hostPort(proxy);
  const same = (text: string) => text === address || `${text}:5060` === address || text === `${address}:5060`;
  return carriers.find((candidate) => same(candidate.address));
}

function networkOf(found: Carrier): { address: string; port: number } {
  const [host = '', port] = found.address.split(':');
  return found.network ?? { address: isAddress(host) ? host : '192.0.2.10', port: Number(port ?? 5060) };
}

/**
 * FreeSWITCH's own: it has no answer to the challenge. The gateway's handle keeps that challenge, and every later
 * attempt ends so before anything is sent (`register-sha-256.esl.txt`).
 */
export const CANNOT_ANSWER: Answer = { status: 900, phrase: 'Cannot add credentials' };

/** What a REGISTER with these credentials gets. 904 is FreeSWITCH's own: the second challenge cannot be answered. */
export function registerAnswer(
  carriers: readonly Carrier[],
  gateway: { registerProxy: string; authUsername: string; password: string },
): Answer {
  const found = findCarrier(carriers, gateway.registerProxy);
  if (found === undefined) return unreachable(hostPort(gateway.registerProxy));
  if (found.registerStatus !== undefined)
    return { status: found.registerStatus, phrase: PHRASES[found.registerStatus] ?? '', network: networkOf(found) };
  if (found.digest === 'SHA-256') return CANNOT_ANSWER;
  if (found.users !== undefined && found.users[gateway.authUsername] !== gateway.password) {
    return { status: 904, phrase: 'Operation has no matching challenge ', network: networkOf(found) };
  }
  return { status: 200, phrase: 'OK', network: networkOf(found) };
}

export function callOutcome(carriers: readonly Carrier[], proxy: string, number: string): CallOutcome {
  const found = findCarrier(carriers, proxy);
  if (found === undefined) {
    const { status, phrase } = unreachable(hostPort(proxy));
    return { outcome: status, phrase, ringMs: 0 };
  }
  const rule = found.calls.find(({ match }) => new RegExp(match).test(number));
  const outcome = rule?.outcome === 'number' ? Number(number.slice(-3)) : (rule?.outcome ?? 'answer');
  return { outcome, hangupAfterMs: rule?.hangup_after_ms, ringMs: rule?.ring_ms ?? 0 };
}

export const PHRASES: Readonly<Record<number, string>> = {
  180: 'Ringing',
  200: 'OK',
  302: 'Moved Temporarily',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  480: 'Temporarily Unavailable',
  484: 'Address Incomplete',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  500: 'Server Internal Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Server Time-out',
  600: 'Busy Everywhere',
  603: 'Decline',
};

/** FreeSWITCH's hang-up cause for a SIP status, and its Q.850 number. */
const CAUSES: Readonly<Record<number, string>> = {
  401: 'CALL_REJECTED',
  402: 'CALL_REJECTED',
  403: 'CALL_REJECTED',
  407: 'CALL_REJECTED',
  603: 'CALL_REJECTED',
  608: 'CALL_REJECTED',
  404: 'UNALLOCATED_NUMBER',
  485: 'NO_ROUTE_DESTINATION',
  604: 'NO_ROUTE_DESTINATION',
  408: 'RECOVERY_ON_TIMER_EXPIRE',
  504: 'RECOVERY_ON_TIMER_EXPIRE',
  410: 'NUMBER_CHANGED',
  413: 'INTERWORKING',
  414: 'INTERWORKING',
  416: 'INTERWORKING',
  420: 'INTERWORKING',
  421: 'INTERWORKING',
  423: 'INTERWORKING',
  505: 'INTERWORKING',
  513: 'INTERWORKING',
  480: 'NO_USER_RESPONSE',
  400: 'NORMAL_TEMPORARY_FAILURE',
  481: 'NORMAL_TEMPORARY_FAILURE',
  500: 'NORMAL_TEMPORARY_FAILURE',
  503: 'NORMAL_TEMPORARY_FAILURE',
  486: 'USER_BUSY',
  600: 'USER_BUSY',
  484: 'INVALID_NUMBER_FORMAT',
  488: 'INCOMPATIBLE_DESTINATION',
  606: 'INCOMPATIBLE_DESTINATION',
  502: 'NETWORK_OUT_OF_ORDER',
  405: 'SERVICE_UNAVAILABLE',
  406: 'SERVICE_NOT_IMPLEMENTED',
  415: 'SERVICE_NOT_IMPLEMENTED',
  501: 'SERVICE_NOT_IMPLEMENTED',
  482: 'EXCHANGE_ROUTING_ERROR',
  483: 'EXCHANGE_ROUTING_ERROR',
  487: 'ORIGINATOR_CANCEL',
};
export const causeOfStatus = (status: number): string => CAUSES[status] ?? 'NORMAL_UNSPECIFIED';

export const Q850: Readonly<Record<string, number>> = {
  UNALLOCATED_NUMBER: 1,
  NO_ROUTE_DESTINATION: 3,
  NORMAL_CLEARING: 16,
  USER_BUSY: 17,
  NO_USER_RESPONSE: 18,
  NO_ANSWER: 19,
  CALL_REJECTED: 21,
  NUMBER_CHANGED: 22,
  EXCHANGE_ROUTING_ERROR: 25,
  DESTINATION_OUT_OF_ORDER: 27,
  INVALID_NUMBER_FORMAT: 28,
  NORMAL_UNSPECIFIED: 31,
  NETWORK_OUT_OF_ORDER: 38,
  NORMAL_TEMPORARY_FAILURE: 41,
  SERVICE_UNAVAILABLE: 63,
  SERVICE_NOT_IMPLEMENTED: 79,
  INCOMPATIBLE_DESTINATION: 88,
  RECOVERY_ON_TIMER_EXPIRE: 102,
  INTERWORKING: 127,
  // FreeSWITCH's own causes have no Q.850 number and are sent as a normal clearing.
  BLIND_TRANSFER: 16,
  MANAGER_REQUEST: 16,
  ORIGINATOR_CANCEL: 16,
  MEDIA_TIMEOUT: 16,
};
export const q850Of = (cause: string): number => Q850[cause] ?? 16;

/** The status with which FreeSWITCH refuses an unanswered inbound call that it hangs up with this cause. */
const REFUSALS: Readonly<Record<string, number>> = {
  UNALLOCATED_NUMBER: 404,
  NO_ROUTE_DESTINATION: 404,
  USER_BUSY: 486,
  NO_USER_RESPONSE: 480,
  NO_ANSWER: 480,
  CALL_REJECTED: 603,
  NUMBER_CHANGED: 410,
  DESTINATION_OUT_OF_ORDER: 502,
  INVALID_NUMBER_FORMAT: 484,
  NETWORK_OUT_OF_ORDER: 502,
  NORMAL_TEMPORARY_FAILURE: 503,
  SERVICE_UNAVAILABLE: 503,
  INCOMPATIBLE_DESTINATION: 488,
  RECOVERY_ON_TIMER_EXPIRE: 504,
  MANAGER_REQUEST: 480,
  NORMAL_CLEARING: 480,
};
export const refusalOf = (cause: string): number => REFUSALS[cause] ?? 480;
