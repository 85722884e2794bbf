import { z } from 'zod';
import { cloudEvent, occurrence } from './envelope.js';
import { bridgeId, poolName, timestamp, uuid } from './scalar.js';

export const bridgeState = z.object({
  id: bridgeId,
  pool: poolName,
  /** The public address that customers point their carrier at ("assigned bridge address"), host or host:port. */
  sip_address: z.string().max(260),
  status: z.enum(['active', 'draining', 'retired']),
  created_at: timestamp,
  updated_at: timestamp,
});
export type BridgeState = z.infer<typeof bridgeState>;

export const bridgeEvent = z.discriminatedUnion('type', [
  /**
   *  First seen, seen again with another pool or address, or taken back into service after a drain: `state.status`
   *  tells.
   */
  cloudEvent('BridgeRegistered', bridgeState.pick({ pool: true, sip_address: true }), bridgeState),
  cloudEvent('BridgeDrained', z.object({}), bridgeState),
  cloudEvent('BridgeRetired', z.object({}), bridgeState),
]);
export type BridgeEvent = z.infer<typeof bridgeEvent>;

/** A gateway's states as `sofia::gateway_state` names them (FACTS), and what a reader needs: is it usable? */
export const registrationState = z.enum([
  'UNREGED',
  'TRYING',
  'REGISTER',
  'REGED',
  'UNREGISTER',
  'FAILED',
  'FAIL_WAIT',
  'EXPIRED',
  'NOREG',
  'DOWN',
  'TIMEOUT',
]);
export type RegistrationState = z.infer<typeof registrationState>;

/**
 * One trunk on one bridge, in the KV bucket `gateways` under `gatewayKey`. The agent alone writes it; it is deleted
 * when the gateway is gone from FreeSWITCH.
 */
export const gatewayStatus = z.object({
  organization_id: uuid,
  trunk_id: uuid,
  bridge_id: bridgeId,
  /** The revision that FreeSWITCH has; `null`: none yet. */
  applied_revision: z.number().int().positive().nullable(),
  /** The revision that the agent is asked for. Pending while it differs from `applied_revision` and `error` is null. */
  desired_revision: z.number().int().positive(),
  /** Why the desired revision could not be applied, in words a person can act on. */
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  state: registrationState.nullable(),
  /**
   *  The SIP status of the last registration attempt that failed or succeeded; FreeSWITCH's own 904 and 908 among them.
   */
  sip_status: z.number().int().nullable(),
  sip_phrase: z.string().nullable(),
  /** OPTIONS ping, where the trunk asks for one. */
  ping: z.enum(['up', 'down']).nullable(),
  /** When `state` was entered. */
  since: timestamp.nullable(),
  /**
   *  Where the gateway's host name leads, canonical addresses that a carrier may have; absent: it is a literal address,
   *  or an older agent wrote this.
   */
  addresses: z.array(z.string().max(64)).max(64).optional(),
  /** The source address of the answer to the last registration that succeeded, while it is REGED. */
  registered_address: z.string().max(64).nullable().optional(),
  updated_at: timestamp,
});
export type GatewayStatus = z.infer<typeof gatewayStatus>;

/**
 *  Stream GATEWAYS: a gateway's settled changes (REGED, FAILED, NOREG, DOWN, removed …), not each step of a retry. Not
 *  versioned: there is no entity behind it.
 */
export const gatewayStateChanged = occurrence(
  'GatewayStateChanged',
  z.object({ change: z.object({ from: registrationState.nullable() }), state: gatewayStatus }),
);
export type GatewayStateChanged = z.infer<typeof gatewayStateChanged>;

export const refusedAddress = z.object({
  address: z.string(),
  count: z.number().int().positive(),
  first_at: timestamp,
  last_at: timestamp,
});
export type RefusedAddress = z.infer<typeof refusedAddress>;

const networkPort = z.number().int().min(1).max(65_535);
/** What customers let through and enter at their carrier, beside the bridge's `sip_address`. */
export const bridgeConnection = z.object({
  /** SIP over TLS; null: the bridge does not offer it. */
  tls_port: networkPort.nullable(),
  /** RTP, UDP, both included. */
  rtp: z.object({ first: networkPort, last: networkPort }),
});
export type BridgeConnection = z.infer<typeof bridgeConnection>;

/** KV bucket `bridges` under `bridgeKey`: written by the agent every `HEARTBEAT_MS` and on change. */
export const bridgeHeartbeat = z.object({
  bridge_id: bridgeId,
  pool: poolName,
  sip_address: z.string(),
  /** Absent from older agents. */
  connection: bridgeConnection.optional(),
  agent_version: z.string(),
  /** One agent process; absent from older agents. */
  instance_id: uuid.optional(),
  started_at: timestamp,
  at: timestamp,
  freeswitch: z.object({
    connected: z.boolean(),
    version: z.string().nullable(),
    profile_running: z.boolean(),
    since: timestamp.nullable(),
  }),
  gateways: z.record(z.string(), z.number().int()),
  calls: z.number().int(),
  /** Sequence in TRUNKMESH up to which desired state is known, and up to which FreeSWITCH has it. */
  seen_position: z.number().int(),
  applied_position: z.number().int(),
  /** Differences between desired and observed that the last comparison found and could not yet repair; 0 is the aim. */
  drift: z.number().int(),
  last_reload: z.object({ at: timestamp, ok: z.boolean(), message: z.string(), took_ms: z.number() }).nullable(),
  /** Sources that FreeSWITCH's ACL refused, newest first, bounded. */
  refused_addresses: z.array(refusedAddress).max(100),
  /** Call records kept on this host that billing-observer has not confirmed. */
  unconfirmed_records: z.number().int(),
});
export type BridgeHeartbeat = z.infer<typeof bridgeHeartbeat>;

/**
 *  KV bucket `bridge-owners` under `bridgeKey`: the one agent process that has the bridge. Only a process that has
 *  asked the one before it, and got no answer, replaces it.
 */
export const bridgeOwner = z.object({
  bridge_id: bridgeId,
  instance_id: uuid,
  host: z.string().max(255),
  /** Host, its boot and STATE_DIR, hashed: of two processes with the same one the kernel lets only one run. */
  place: z.string().max(128),
  claimed_at: timestamp,
});
export type BridgeOwner = z.infer<typeof bridgeOwner>;

export const HEARTBEAT_MS = 2_000;
/** Without a heartbeat for this long a bridge is taken for dead and its registering trunks are placed elsewhere. */
export const HEARTBEAT_LOST_MS = 10_000;
