import type { RegistrationState } from '@trunkmesh/contracts/bridge.js';
import type { ObservedGateway } from './observed.js';

/**
 * FreeSWITCH un-REGISTERs a killed gateway with the last challenge it received and does not answer a new one: once the
 * registrar's nonce has expired (some carriers: 30 seconds) the un-REGISTER is refused and the binding stays until it
 * expires, up to an hour, and calls go to a contact that no longer exists (measured with Kamailio). So a gateway that
 * was not challenged within this time registers once more and is killed as soon as that is answered: the registrar took
 * the nonce then, and the un-REGISTER follows in the same second.
 */
export const CHALLENGE_FRESH_MS = 5_000;
/** The comparison after the response may have had to wait for a reload. */
export const ANSWER_FRESH_MS = 3_000;
/** A registrar that does not answer the refresh in this time will not answer the un-REGISTER either. */
export const REFRESH_DEADLINE_MS = 4_000;
/** An older refresh belonged to another removal, or its response is too old. */
export const REFRESH_VALID_MS = 6_000;

export type RemovalStep = 'kill' | 'refresh' | 'wait';

/** By state; in the others the registrar holds no contact of it. */
const TOWARDS_THE_END: Partial<Record<RegistrationState, (gateway: ObservedGateway, now: number) => RemovalStep>> = {
  REGED: whileBound,
  REGISTER: whileBound,
  // If it were killed now, the pending response would still bind it, and nothing would remove the binding.
  TRYING: ({ tryingAt }, now) => (tryingAt !== null && now - tryingAt < REFRESH_DEADLINE_MS ? 'wait' : 'kill'),
  UNREGED: (gateway, now) => (sinceRefresh(gateway, now) < REFRESH_DEADLINE_MS ? 'wait' : 'kill'),
};

/** The next step towards a gateway's removal. `now` in milliseconds. */
export const removalStep = (gateway: ObservedGateway, now: number): RemovalStep =>
  gateway.killed ? 'kill' : (TOWARDS_THE_END[gateway.state]?.(gateway, now) ?? 'kill');

function whileBound(gateway: ObservedGateway, now: number): RemovalStep {
  const { challengedAt, registeredAt, refreshedAt } = gateway;
  if (challengedAt !== null && now - challengedAt < CHALLENGE_FRESH_MS) return 'kill';
  const asked = sinceRefresh(gateway, now);
  if (asked >= REFRESH_VALID_MS) return 'refresh';
  if (registeredAt !== null && refreshedAt !== null && registeredAt > refreshedAt)
    return now - registeredAt < ANSWER_FRESH_MS ? 'kill' : 'refresh';
  return asked >= REFRESH_DEADLINE_MS ? 'kill' : 'wait';
}

function sinceRefresh(gateway: ObservedGateway, now: number): number {
  return gateway.refreshedAt === null ? Infinity : now - gateway.refreshedAt;
}
