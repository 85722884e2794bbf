import { registrationState, type RegistrationState } from '@trunkmesh/contracts/bridge.js';
import type { EslEvent } from '../esl/esl-event.js';
import { canonicalAddress } from '../route/canonical-address.js';
import type { GatewayStateSeen, ListedGateway } from './observed.js';

/** Reads FreeSWITCH's replies. `+OK` does not mean success (FACTS): each reply is judged by its text. */

/**
 * `unreadable`: some file is not valid XML. Otherwise the cause is not a file, for example a restarting profile or no
 * reply.
 */
export type ReloadResult = { ok: true } | { ok: false; why: string; unreadable: boolean };

/**
 * `sofia profile … rescan` reads all XML first. If any file is broken, it reports that, then `+OK scan complete`, and
 * loads nothing.
 */
export function judgeRescan(reply: string): ReloadResult {
  const xml = /^Reload XML \[(.*)\]$/m.exec(reply)?.[1];
  if (xml === undefined) return { ok: false, why: firstLine(reply), unreadable: false };
  if (xml !== 'Success') return { ok: false, why: xml, unreadable: true };
  return reply.includes('+OK scan complete')
    ? { ok: true }
    : {
        ok: false,
        why: reply.split('\n').find((line) => line.startsWith('-ERR')) ?? firstLine(reply),
        unreadable: false,
      };
}

/** `reloadacl` also reads all XML, and replies `-ERR [why]` if it cannot. */
export function judgeReloadAcl(reply: string): ReloadResult {
  return reply.includes('+OK acl reloaded')
    ? { ok: true }
    : { ok: false, why: firstLine(reply), unreadable: reply.includes('-ERR [') };
}

function firstLine(reply: string): string {
  return reply.trim().split('\n', 1)[0]?.slice(0, 200) || 'an empty answer';
}

/**
 * `sofia xmlstatus gateway`, read by lines: FreeSWITCH writes the realm and the username, which are the customer's
 * words, without escaping them, but no value can hold a line end. Undefined if it is not such a list.
 */
export function parseGatewayList(reply: string, profile: string): ListedGateway[] | undefined {
  if (!reply.includes('<gateways>') || !reply.includes('</gateways>')) return undefined;
  return reply
    .split('\n  <gateway>\n')
    .slice(1)
    .flatMap((block) => {
      const state = stateOf(valueOf(block, 'state'));
      if (state === undefined || valueOf(block, 'profile') !== profile) return [];
      return [{ name: valueOf(block, 'name'), state, up: valueOf(block, 'status') === 'UP' }];
    });
}

const LINES = Object.fromEntries(
  ['name', 'profile', 'state', 'status'].map((tag) => [tag, new RegExp(`^ {4}<${tag}>(.*)</${tag}>$`, 'm')]),
);
const valueOf = (block: string, tag: 'name' | 'profile' | 'state' | 'status') => LINES[tag]!.exec(block)?.[1] ?? '';

function stateOf(text: string): RegistrationState | undefined {
  const parsed = registrationState.safeParse(text);
  return parsed.success ? parsed.data : undefined;
}

/** `CUSTOM sofia::gateway_state`. */
export function gatewayStateOf(event: EslEvent): GatewayStateSeen | undefined {
  const name = event.headers.get('Gateway');
  const state = stateOf(event.headers.get('State') ?? '');
  if (name === undefined || state === undefined) return undefined;
  const status = Number(event.headers.get('Status') ?? Number.NaN);
  const phrase = event.headers.get('Phrase')?.trim();
  const up = event.headers.get('Ping-Status') === 'UP';
  return {
    name,
    state,
    up,
    ...answeredFrom(event),
    sipStatus: isAnswer(state, status) ? status : null,
    sipPhrase: phrase || null,
  };
}

/** IPv6 addresses are in brackets. */
function answeredFrom(event: EslEvent): Pick<GatewayStateSeen, 'address'> {
  const address = canonicalAddress(event.headers.get('Register-Network-IP')?.replace(/^\[|\]$/g, '') ?? '');
  return address === undefined ? {} : { address };
}

/** `100 Request Authorized by Cache` comes with TRYING and is not an outcome. */
function isAnswer(state: RegistrationState, status: number): boolean {
  return (
    Number.isInteger(status) && status >= 200 && (state === 'REGISTER' || state === 'FAILED' || state === 'TIMEOUT')
  );
}

/** FreeSWITCH's own status for no answer, a refused connection or a timeout; 503 may also come from the carrier. */
const UNANSWERED: ReadonlySet<number | null> = new Set([408, 503, 907, 908, null]);

/** Whether a request got no usable answer, so that another address of the gateway's host name is worth trying. */
export function isUnanswered({ state, up, sipStatus }: GatewayStateSeen, pings: boolean): boolean {
  if (state === 'FAILED' || state === 'TIMEOUT') return UNANSWERED.has(sipStatus);
  return pings && !up && (state === 'REGED' || state === 'NOREG');
}

/** The access list's refusal, which appears only in the log: `IP 192.0.2.9 Rejected by acl "trunks"`. */
export function refusedAddressOf(line: string): string | undefined {
  return /\bIP ([\da-fA-F.:]{2,45}) Rejected by acl "trunks"/.exec(line)?.[1];
}
