import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { Route } from '../live/call-events.js';
import type { InviteFacts } from '../live/invite-facts.js';
import { refusedHere, type Refusal } from '../live/refusal.js';
import { codecNames, hasCommonCodec } from '../live/sdp-offer.js';

/**
 * Refuses an offer that FreeSWITCH would refuse only after ringing, or not at all. FreeSWITCH judges a late offer when
 * it arrives, with the same codecs and, for a trunk that requires SRTP, with `rtp_secure_media_inbound=mandatory`.
 */
export function refusedForOffer(
  route: Route,
  { offer, codecs }: Pick<InviteFacts, 'offer' | 'codecs'>,
  srtp: TrunkState['srtp'] | undefined,
): Refusal | undefined {
  if (offer === undefined) return undefined;
  if (!hasCommonCodec(offer, codecs)) {
    return refusedHere(
      route,
      'no-common-codec',
      `Refused: the caller offers ${codecNames(offer)}, and this call can be answered with ${codecs.join(', ')} only.`,
    );
  }
  if (srtp !== 'required' || offer.encrypted) return undefined;
  return refusedHere(
    route,
    'srtp-required',
    'Refused: the trunk requires SRTP, and the caller offers audio ' +
      'that is not encrypted, or no key in a suite that is supported.',
  );
}
