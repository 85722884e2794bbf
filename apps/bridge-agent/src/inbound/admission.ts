import { callTreatment, type CallTreatment } from '../route/call-treatment.js';
import { takeChannel } from '../route/call-limits.js';
import type { Decided } from '../route/inbound-router.nats.js';
import type { Routing } from '../route/routing.js';
import type { DecidedAt, Route } from '../live/call-events.js';
import type { InviteFacts } from '../live/invite-facts.js';
import { refusedHere, type Refusal } from '../live/refusal.js';
import { refusedForOffer } from './offer-refusal.js';

/** What becomes of a call that routing decided about. */
export type Admission =
  | { outcome: 'route'; decidedAt: DecidedAt; route: Route; treatment: CallTreatment; requiresSrtp: boolean }
  | { outcome: 'refuse'; decidedAt: DecidedAt; refusal: Refusal };

export interface AdmissionPorts {
  local: Pick<Routing['local'], 'limitsOf' | 'customerSettingsOf' | 'outboundRulesOf'>;
  limits: Routing['limits'];
  mesh: Routing['mesh'];
}

/**
 * Checks before the call rings what this host knows better than routing. A call that passes has taken one of its
 * trunk's channels. `now` in milliseconds.
 */
export function admit(
  { decision, decidedAt }: Decided,
  invite: InviteFacts,
  { local, limits, mesh }: AdmissionPorts,
  now: number,
): Admission {
  const refused = (refusal: Refusal): Admission => ({ outcome: 'refuse', decidedAt, refusal });
  if (decision.outcome === 'refuse') return refused(decision);
  const { organization_id: organizationId, trunk_id: trunkId } = decision;
  const settings = local.customerSettingsOf(organizationId, decision.number_id);
  // Connecting the caller to another assistant would be a guess.
  if (settings === undefined)
    return refused(
      refusedHere(
        decision,
        'routing-unavailable',
        "Refused: this bridge does not have the organisation's settings yet.",
      ),
    );
  const srtp = local.outboundRulesOf(organizationId, trunkId)?.trunk.srtp;
  // FreeSWITCH refuses a late offer or a re-INVITE without SRTP if the trunk requires it.
  const offer = refusedForOffer(decision, invite, srtp);
  if (offer !== undefined) return refused(offer);
  if (!takeChannel(limits, trunkId, local.limitsOf(organizationId, trunkId), now))
    return refused(
      refusedHere(
        decision,
        'limit-reached',
        `Refused: the trunk's limit of concurrent or new calls is reached on this bridge (${decision.number}).`,
      ),
    );
  const treatment = callTreatment(settings, mesh);
  return { outcome: 'route', decidedAt, route: decision, treatment, requiresSrtp: srtp === 'required' };
}
