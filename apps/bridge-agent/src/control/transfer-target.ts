import type { CallControlRefusal } from '@trunkmesh/contracts/call-control.js';
import { carrierSpelling, dialectOf, toE164 } from '@trunkmesh/routing/number-format.js';
import { countryOf } from '@trunkmesh/routing/number-plan.js';
import type { OutboundRules } from '../call/conversation.js';

export type TransferTarget = { uri: string } | { refused: CallControlRefusal; message: string };

const NUMBER = /^\+[1-9]\d{6,14}$/;
/**
 * RFC 3261 §25.1, narrowed: FreeSWITCH writes it into a header as it is, and only `sip:` is taken for a URI there
 * (`sips:` or `tel:` would become a user at FreeSWITCH's own address). No headers (`?…`), which could make the
 * carrier's INVITE say anything, and of the parameters only `transport` and `user`.
 */
const SIP_URI =
  /^sip:([\w.!~*()+&=-]{1,128})@([A-Za-z\d](?:[A-Za-z\d.-]{0,252})|\[[\da-fA-F:.]{2,45}\])(?::(\d{1,5}))?((?:;(?:transport=(?:udp|tcp|tls)|user=phone))*)$/;

/**
 * A number goes to the trunk's own carrier in its spelling; a SIP URI goes as it is. Either may cost the customer what
 * a call costs, so both keep to the countries that the organisation and the trunk may call; an extension of the
 * customer's PBX is nobody's number and passes.
 */
export function transferTarget(to: string, rules: OutboundRules): TransferTarget {
  const user = SIP_URI.exec(to)?.[1];
  if (user === undefined && !NUMBER.test(to)) {
    return {
      refused: 'invalid-request',
      message:
        '"to" must be a number in E.164, for example +15551234567, or a SIP URI such as sip:200@pbx.example.com ' +
        '(without headers; tel: and sips: are not understood by the bridge)',
    };
  }
  const number = user === undefined ? Number(to.slice(1)) : toE164(user, dialectOf(rules.trunk));
  const forbidden = number === 0 ? undefined : forbiddenBy(countryOf(number), rules);
  if (forbidden !== undefined) return { refused: 'destination-not-allowed', message: forbidden };
  const { number_rules: spelling, from_domain: domain, gateway } = rules.trunk;
  return { uri: user === undefined ? `sip:${carrierSpelling(to, spelling)}@${domain ?? gateway}` : to };
}

/** If countries are listed, a number of an unknown country may not be called. */
function forbiddenBy(country: string | undefined, { organization, trunk }: OutboundRules): string | undefined {
  for (const [whose, allowed] of [
    ['organisation', organization.outbound_country_codes],
    ['trunk', trunk.outbound_country_codes],
  ] as const) {
    if (allowed !== null && (country === undefined || !allowed.includes(country)))
      return `The ${whose} may not call ${country ?? 'that country'} (outbound_country_codes).`;
  }
  return undefined;
}
