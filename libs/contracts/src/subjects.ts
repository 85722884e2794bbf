/**
 * The only place that builds a subject, stream, bucket or durable name. Tokens are checked: a dot or wildcard from
 * outside would change what a subject means.
 */

const TOKEN = /^[A-Za-z\d_+-]{1,64}$/;

function token(value: string): string {
  if (!TOKEN.test(value)) throw new TypeError(`not usable as a subject token: ${JSON.stringify(value)}`);
  return value;
}

/** The entities' stream: one subject an entity, written by the relay alone. */
export const TRUNKMESH_STREAM = 'TRUNKMESH';
/** Calls, one subject a call, written by the agents. */
export const CALLS_STREAM = 'CALLS';
/** A gateway's changes of state that are worth keeping, one subject a trunk and bridge, written by the agents. */
export const GATEWAYS_STREAM = 'GATEWAYS';

/**
 * Calls that are in no call log, counted by the minute, one subject a bridge, written by the agents. Bounded: whatever
 * a flood writes, it fills no disk.
 */
export const REFUSED_STREAM = 'REFUSED';

/** Unusual usage, one subject an alert, written by billing-observer. */
export const ALERTS_STREAM = 'ALERTS';

/**
 * SIP messages of calls, without credentials, one subject a call, written by the agents. Bounded by age and size.
 */
export const SIP_STREAM = 'SIP';

/** Calls that a service wants, until trunk-service has accepted or refused them, and those that cannot be read. */
export const CALL_REQUESTS_STREAM = 'CALL_REQUESTS';
export const ALL_CALL_REQUESTS = 'trunkmesh.request.call.*';
/** What is no request for a call, as it was published; the header `Trunkmesh-Subject` says where. */
export const UNREADABLE_CALL_REQUESTS = 'trunkmesh.request.unreadable';

export const STREAM_SUBJECTS = {
  [TRUNKMESH_STREAM]: ['trunkmesh.org.>', 'trunkmesh.bridge.>', 'trunkmesh.carrier.>'],
  [CALLS_STREAM]: ['trunkmesh.call.>'],
  [GATEWAYS_STREAM]: ['trunkmesh.gateway.>'],
  [REFUSED_STREAM]: ['trunkmesh.refused.*'],
  [SIP_STREAM]: ['trunkmesh.sip.*.*'],
  [ALERTS_STREAM]: ['trunkmesh.alert.>'],
  [CALL_REQUESTS_STREAM]: [ALL_CALL_REQUESTS, UNREADABLE_CALL_REQUESTS],
} as const;

/** KV buckets: what changes often and matters only now. */
export const BRIDGES_BUCKET = 'bridges';
export const GATEWAYS_BUCKET = 'gateways';
/** Per bridge: how far billing-observer has recorded that bridge's numbered call records. */
export const USAGE_BUCKET = 'usage';
/** Which agent process has a bridge, under `bridgeKey`. */
export const BRIDGE_OWNERS_BUCKET = 'bridge-owners';
/** Calls and call records that a bridge's disk refuses, until it takes them. */
export const HELD_CALLS_BUCKET = 'held-calls';
/** Trunks whose organisation waits for a call of its own, under `expectedCallKey`. */
export const EXPECTED_CALLS_BUCKET = 'expected-calls';
/** The last SIP messages of each gateway, under `gatewayKey`. */
export const SIP_TRUNKS_BUCKET = 'sip-trunks';

export const organizationSubject = (org: string) => `trunkmesh.org.${token(org)}.organization`;
export const trunkSubject = (org: string, trunk: string) => `trunkmesh.org.${token(org)}.trunk.${token(trunk)}`;
/** `number` in E.164; the subject carries its digits without the plus. */
export const numberSubject = (org: string, number: string) =>
  `trunkmesh.org.${token(org)}.number.${token(number.replace('+', ''))}`;
/**
 * `network` in canonical CIDR form. Its dots, colons and slash become `-` and `_`: `203-0-113-20_32`,
 * `2001-db8--1_128`.
 */
export const addressSubject = (org: string, network: string) =>
  `trunkmesh.org.${token(org)}.address.${token(network.replace(/[.:]/g, '-').replace('/', '_'))}`;
/** `effectiveFrom` as `Date.prototype.toISOString` writes it; the subject carries it without punctuation. */
export const ratePlanSubject = (org: string, effectiveFrom: string) =>
  `trunkmesh.org.${token(org)}.rate-plan.${token(effectiveFrom.replace(/[-:.]/g, ''))}`;
export const carrierSubject = (carrier: string) => `trunkmesh.carrier.${token(carrier)}`;
export const bridgeSubject = (bridge: string) => `trunkmesh.bridge.${token(bridge)}`;
/** `org` is the string `unknown` where a refused call belongs to nobody. */
export const callSubject = (org: string, call: string) => `trunkmesh.call.${token(org)}.${token(call)}`;
export const gatewaySubject = (org: string, trunk: string, bridge: string) =>
  `trunkmesh.gateway.${token(org)}.${token(trunk)}.${token(bridge)}`;

export const alertSubject = (org: string, alert: string) => `trunkmesh.alert.${token(org)}.${token(alert)}`;
/** The SIP messages of a call. */
export const sipSubject = (org: string, call: string) => `trunkmesh.sip.${token(org)}.${token(call)}`;
export const callRequestSubject = (org: string) => `trunkmesh.request.call.${token(org)}`;
/** Not in a stream: trunk-service has stored refused calls of the organisation, for whoever looks at them now. */
export const refusedStoredSubject = (org: string) => `trunkmesh.live.${token(org)}.refused`;
export const refusedSubject = (bridge: string) => `trunkmesh.refused.${token(bridge)}`;

export const ALL_ORGANIZATIONS = 'trunkmesh.org.*.organization';
export const ALL_TRUNKS = 'trunkmesh.org.*.trunk.*';
export const ALL_NUMBERS = 'trunkmesh.org.*.number.*';
export const ALL_ADDRESSES = 'trunkmesh.org.*.address.*';
export const ALL_RATE_PLANS = 'trunkmesh.org.*.rate-plan.*';
export const ALL_CARRIERS = 'trunkmesh.carrier.*';
export const ALL_BRIDGES = 'trunkmesh.bridge.*';
export const ALL_CALLS = 'trunkmesh.call.>';
export const ALL_ALERTS = 'trunkmesh.alert.>';
export const ALL_GATEWAYS = 'trunkmesh.gateway.>';
export const numbersOfOrganization = (org: string) => `trunkmesh.org.${token(org)}.number.*`;
export const callsOfOrganization = (org: string) => `trunkmesh.call.${token(org)}.*`;
export const trunksOfOrganization = (org: string) => `trunkmesh.org.${token(org)}.trunk.*`;

/** KV keys. */
export const bridgeKey = (bridge: string) => token(bridge);
export const heldCallKey = (bridge: string, call: string) => `${token(bridge)}.${token(call)}`;
export const expectedCallKey = (org: string, trunk: string) => `${token(org)}.${token(trunk)}`;
export const heldCallsOfBridge = (bridge: string) => `${token(bridge)}.*`;
export const gatewayKey = (org: string, trunk: string, bridge: string) =>
  `${token(org)}.${token(trunk)}.${token(bridge)}`;
export const gatewaysOfTrunk = (org: string, trunk: string) => `${token(org)}.${token(trunk)}.*`;
export const gatewaysOfOrganization = (org: string) => `${token(org)}.*.*`;
export const gatewaysOfBridge = (bridge: string) => `*.*.${token(bridge)}`;

export type SubjectEntity =
  | { kind: 'organization'; org: string }
  | { kind: 'trunk'; org: string; trunk: string }
  | { kind: 'number'; org: string; number: string }
  | { kind: 'address'; org: string; network: string }
  | { kind: 'rate-plan'; org: string; effectiveFrom: string }
  | { kind: 'carrier'; carrier: string }
  | { kind: 'bridge'; bridge: string };

const ENTITY =
  /^trunkmesh\.(?:(bridge|carrier)\.([^.]+)|org\.([^.]+)\.(?:organization|(trunk|number|address|rate-plan)\.([^.]+)))$/;

/** The entity that a subject of the entities' stream names, or undefined for a subject that is none of ours. */
export function entityOfSubject(subject: string): SubjectEntity | undefined {
  const match = ENTITY.exec(subject);
  if (!match) return undefined;
  const [, shared, sharedId, org, , id] = match;
  const kind = match[4] as 'trunk' | 'number' | 'address' | 'rate-plan' | undefined;
  if (shared === 'bridge') return { kind: 'bridge', bridge: sharedId! };
  if (shared === 'carrier') return { kind: 'carrier', carrier: sharedId! };
  switch (kind) {
    case 'trunk':
      return { kind: 'trunk', org: org!, trunk: id! };
    case 'number':
      return { kind: 'number', org: org!, number: `+${id}` };
    case 'address':
      return { kind: 'address', org: org!, network: networkOf(id!) };
    case 'rate-plan':
      return { kind: 'rate-plan', org: org!, effectiveFrom: timeOf(id!) };
    case undefined:
      return { kind: 'organization', org: org! };
  }
}

/**
 * Undoes what `addressSubject` did. IPv4 has exactly three separators of single dashes; an IPv6 address with as few
 * has a `--`.
 */
function networkOf(id: string): string {
  const [address = '', prefix] = id.split('_');
  const v4 = !address.includes('--') && address.split('-').length === 4;
  return `${address.replaceAll('-', v4 ? '.' : ':')}/${prefix}`;
}

/** Undoes what `ratePlanSubject` did. */
const timeOf = (id: string): string =>
  id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/, '$1-$2-$3T$4:$5:$6.$7Z');

/** Requests (NATS request/reply). */
export const ROUTING_INBOUND = 'trunkmesh.rpc.routing.inbound';
export const ROUTING_OUTBOUND = 'trunkmesh.rpc.routing.outbound';
export const ROUTING_EXPLAIN = 'trunkmesh.rpc.routing.explain';
export const ROUTING_QUEUE = 'routing';
/** The call log, answered by billing-observer. */
export const CALL_LOG_LIST = 'trunkmesh.rpc.calls.list';
export const CALL_LOG_GET = 'trunkmesh.rpc.calls.get';
/** The ledger of usage, answered by billing-observer. */
export const USAGE_RECORDS = 'trunkmesh.rpc.usage.records';
export const USAGE_EXPORT = 'trunkmesh.rpc.usage.export';
export const USAGE_SUMMARY = 'trunkmesh.rpc.usage.summary';
export const USAGE_ANSWERED_TRUNKS = 'trunkmesh.rpc.usage.answered-trunks';
export const USAGE_STATEMENTS = 'trunkmesh.rpc.usage.statements';
export const USAGE_STATEMENT = 'trunkmesh.rpc.usage.statement';
export const USAGE_GAPS = 'trunkmesh.rpc.usage.gaps';
/** Reconciliations with carriers' bills, answered by billing-observer (carrier-bill.ts). */
export const CARRIER_BILL = 'trunkmesh.rpc.usage.carrier-bill';
/** Rate decks of trunks and estimates by them, answered by billing-observer (rate-deck.ts). */
export const RATE_DECK = 'trunkmesh.rpc.usage.rate-deck';
export const CALL_LOG_QUEUE = 'call-log';
/** From a bridge to trunk-service: a call dialled an address verification code (address.ts). */
export const ADDRESS_VERIFY = 'trunkmesh.rpc.address.verify';
export const ADDRESS_VERIFY_QUEUE = 'address-verify';
/** From a bridge to trunk-service: may this attempt of an outbound call be dialled now (outbound-call.ts)? */
export const OUTBOUND_PERMIT = 'trunkmesh.rpc.outbound.permit';
/** From a bridge to trunk-service: this attempt is over. */
export const OUTBOUND_RELEASE = 'trunkmesh.rpc.outbound.release';
/** From a bridge that has just started to trunk-service: which of these calls were canceled (outbound-call.ts)? */
export const OUTBOUND_CANCELED = 'trunkmesh.rpc.outbound.canceled';
export const OUTBOUND_QUEUE = 'outbound';
/** Wakes the relay's leader after a commit on another instance; losing one costs a poll interval, never an event. */
export const RELAY_WAKE = 'trunkmesh.wake.relay';
export type BridgeRequest =
  | 'call.originate'
  | 'call.refused'
  | 'call.hangup'
  | 'call.transfer'
  | 'call.dtmf'
  | 'call.quality'
  | 'calls.end'
  | 'diagnose'
  | 'gateway'
  | 'recording';
export const bridgeRequest = (bridge: string, request: BridgeRequest) =>
  `trunkmesh.rpc.bridge.${token(bridge)}.${request}`;
/** Answered by that one agent process while it runs. */
export const bridgeInstance = (bridge: string, instance: string) =>
  `trunkmesh.rpc.bridge.${token(bridge)}.instance.${token(instance)}`;

/** Durable consumers. */
export const USAGE_DURABLE = 'billing-observer';
/** trunk-service reads finished calls for evidence of addresses and numbers. */
export const EVIDENCE_DURABLE = 'evidence';
/** trunk-service reads refused calls. */
export const REFUSED_DURABLE = 'refused-calls';
/** trunk-service follows outbound calls to their end. */
export const OUTBOUND_DURABLE = 'outbound-calls';
/** trunk-service places the calls that services want. */
export const CALL_REQUESTS_DURABLE = 'call-requests';
/** trunk-service notifies of what calls and usage alerts say. */
export const NOTIFIED_CALLS_DURABLE = 'notified-calls';
export const NOTIFIED_ALERTS_DURABLE = 'notified-alerts';
/** trunk-service keeps what gateways went through. */
export const REGISTRATIONS_DURABLE = 'registrations';
