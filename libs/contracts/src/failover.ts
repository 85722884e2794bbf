import type { AttemptFailure } from './call-parts.js';
import type { OutboundSettings } from './outbound-settings.js';

/** How an attempt ended that was not answered. `sip_status`: the carrier's final response; null: none came. */
export interface AttemptOutcome {
  reason: AttemptFailure;
  sip_status: number | null;
}

/** Without a final response: what no called party has said, so that another trunk may still reach it. */
const WITHOUT_RESPONSE: ReadonlySet<AttemptFailure> = new Set<AttemptFailure>([
  'no-response',
  'gateway-down',
  'no-gateway',
  'certificate-refused',
  'limit-reached',
  'queue-full',
  'queue-timeout',
]);

/**
 * Whether the next trunk is tried. The trunk's list replaces the default for responses (408, 5xx); it never applies to
 * an answer or to a call that was canceled, where another attempt would ring somebody whom nobody calls any more. A
 * 3xx may be in the list: the redirection is not followed then either.
 */
export function failsOver(
  trunk: Partial<Pick<OutboundSettings, 'failover_statuses'>>,
  { reason, sip_status: status }: AttemptOutcome,
): boolean {
  if (reason === 'canceled' || status === 487) return false;
  if (status === null) return WITHOUT_RESPONSE.has(reason);
  if (status < 300) return false;
  const statuses = trunk.failover_statuses ?? null;
  return statuses === null ? status === 408 || (status >= 500 && status < 600) : statuses.includes(status);
}
