/** The only place that builds a subject, stream, bucket or durable name. Tokens are checked: a dot or wildcard from outside would change what a subject means. */

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

export const STREAM_SUBJECTS = {
  [TRUNKMESH_STREAM]: ['trunkmesh.org.>', 'trunkmesh.bridge.>'],
  [CALLS_STREAM]: ['trunkmesh.call.>'],
  [GATEWAYS_STREAM]: ['trunkmesh.gateway.>'],
} as const;

/** KV buckets: what changes often and matters only now. */
export const BRIDGES_BUCKET = 'bridges';
export const GATEWAYS_BUCKET = 'gateways';
/** Per bridge: how far billing-observer has recorded that bridge's numbered call records. */
export const USAGE_BUCKET = 'usage';

export const organizationSubject = (org: string) => `trunkmesh.org.${token(org)}.organization`;
export const trunkSubject = (org: string, trunk: string) => `trunkmesh.org.${token(org)}.trunk.${token(trunk)}`;
/** `number` in E.164; the subject carries its digits without the plus. */
export const numberSubject = (org: string, number: string) => `trunkmesh.org.${token(org)}.number.${token(number.replace('+', ''))}`;
export const bridgeSubject = (bridge: string) => `trunkmesh.bridge.${token(bridge)}`;
/** `org` is the string `unknown` where a refused call belongs to nobody. */
export const callSubject = (org: string, call: string) => `trunkmesh.call.${token(org)}.${token(call)}`;
export const gatewaySubject = (org: string, trunk: string, bridge: string) => `trunkmesh.gateway.${token(org)}.${token(trunk)}.${token(bridge)}`;

export const ALL_ORGANIZATIONS = 'trunkmesh.org.*.organization';
export const ALL_TRUNKS = 'trunkmesh.org.*.trunk.*';
export const ALL_NUMBERS = 'trunkmesh.org.*.number.*';
export const ALL_BRIDGES = 'trunkmesh.bridge.*';
export const ALL_CALLS = 'trunkmesh.call.>';
export const numbersOfOrganization = (org: string) => `trunkmesh.org.${token(org)}.number.*`;
export const trunksOfOrganization = (org: string) => `trunkmesh.org.${token(org)}.trunk.*`;

/** KV keys. */
export const bridgeKey = (bridge: string) => token(bridge);
export const gatewayKey = (org: string, trunk: string, bridge: string) => `${token(org)}.${token(trunk)}.${token(bridge)}`;
export const gatewaysOfTrunk = (org: string, trunk: string) => `${token(org)}.${token(trunk)}.*`;
export const gatewaysOfOrganization = (org: string) => `${token(org)}.*.*`;
export const gatewaysOfBridge = (bridge: string) => `*.*.${token(bridge)}`;

export type SubjectEntity =
  | { kind: 'organization'; org: string }
  | { kind: 'trunk'; org: string; trunk: string }
  | { kind: 'number'; org: string; number: string }
  | { kind: 'bridge'; bridge: string };

const ENTITY = /^trunkmesh\.(?:bridge\.([^.]+)|org\.([^.]+)\.(?:(organization)|trunk\.([^.]+)|number\.([^.]+)))$/;

/** The entity that a subject of the entities' stream names, or undefined for a subject that is none of ours. */
export function entityOfSubject(subject: string): SubjectEntity | undefined {
  const match = ENTITY.exec(subject);
  if (!match) return undefined;
  const [, bridge, org, , trunk, digits] = match;
  if (bridge !== undefined) return { kind: 'bridge', bridge };
  if (trunk !== undefined) return { kind: 'trunk', org: org!, trunk };
  if (digits !== undefined) return { kind: 'number', org: org!, number: `+${digits}` };
  return { kind: 'organization', org: org! };
}

/** Requests (NATS request/reply). */
export const ROUTING_INBOUND = 'trunkmesh.rpc.routing.inbound';
export const ROUTING_OUTBOUND = 'trunkmesh.rpc.routing.outbound';
export const ROUTING_EXPLAIN = 'trunkmesh.rpc.routing.explain';
export const ROUTING_QUEUE = 'routing';
/** The call log, answered by billing-observer. */
export const CALL_LOG_LIST = 'trunkmesh.rpc.calls.list';
export const CALL_LOG_GET = 'trunkmesh.rpc.calls.get';
export const CALL_LOG_QUEUE = 'call-log';
/** Wakes the relay's leader after a commit on another instance; losing one costs a poll interval, never an event. */
export const RELAY_WAKE = 'trunkmesh.wake.relay';
export type BridgeRequest = 'call.originate' | 'call.hangup' | 'call.transfer' | 'call.dtmf' | 'diagnose';
export const bridgeRequest = (bridge: string, request: BridgeRequest) => `trunkmesh.rpc.bridge.${token(bridge)}.${request}`;

/** Durable consumers. */
export const USAGE_DURABLE = 'billing-observer';
