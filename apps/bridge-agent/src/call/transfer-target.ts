import type { CallControlRefusal } from '@trunkmesh/contracts/call-control.js';
import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { carrierSpelling, dialectOf, toE164 } from '@trunkmesh/routing/number-format.js';
import { countryOf } from '@trunkmesh/routing/number-plan.js';

/** What Refer-To may be, from the organisation and the trunk that the call came over. */
export interface OutboundRules {
  organization: Pick<OrganizationState, 'outbound_country_codes'>;
  trunk: Pick<TrunkState, 'gateway' | 'from_domain' | 'default_country' | 'number_rules' | 'outbound_country_codes'>;
}

export type TransferTarget = { uri: string } | { refused: CallControlRefusal; message: string };

const NUMBER = /^\+[1-9]\d{6,14}$/;
/**
 * RFC 3261 §25.1, narrowed: FreeSWITCH writes it into a header as it is, and only `sip:` is taken for a URI there (`sips:` or `tel:` would become a user at FreeSWITCH's own
 * address). No headers (`?…`), which could make the carrier's INVITE say anything, and of the parameters only `transport` and `user`.
 */
const SIP_URI = /^sip:([\w.!~*()+&=-]{1,128})@([A-Za-z\d](?:[A-Za-z\d.-]{0,252})|\[[\da-fA-F:.]{2,45}\])(?::(\d{1,5}))?((?:;(?:transport=(?:udp|tcp|tls)|user=phone))*)$/;

/**
 * A number goes to the trunk's own carrier in its spelling; a SIP URI goes as it is. Either may cost the customer what a call costs, so both keep to the countries that the
 * organisation and the trunk may call; an extension of the customer's PBX is nobody's number and passes.
 */
export function transferTarget(to: string, { organization, trunk }: OutboundRules): TransferTarget {
  const uri = SIP_URI.exec(to);
  if (uri === null && !NUMBER.test(to)) {
    return { refused: 'invalid-request', message: '"to" must be a number in E.164, for example +15551234567, or a SIP URI such as sip:200@pbx.example.com (without headers; tel: and sips: are not understood by the bridge)' };
  }
  const number = uri === null ? Number(to.slice(1)) : toE164(uri[1]!, dialectOf(trunk));
  const country = number === 0 ? undefined : countryOf(number);
  for (const [whose, allowed] of [['organisation', organization.outbound_country_codes], ['trunk', trunk.outbound_country_codes]] as const) {
    if (number !== 0 && allowed !== null && (country === undefined || !allowed.includes(country))) {
      return { refused: 'destination-not-allowed', message: `The ${whose} may not call ${country ?? 'that country'} (outbound_country_codes).` };
    }
  }
  return { uri: uri === null ? `sip:${carrierSpelling(to, trunk.number_rules)}@${trunk.from_domain ?? trunk.gateway}` : to };
}
