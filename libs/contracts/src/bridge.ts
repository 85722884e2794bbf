import { z } from 'zod';
import { cloudEvent, occurrence } from './envelope.js';
import { bridgeId, poolName, timestamp, uuid } from './scalar.js';

export const bridgeState = z
  .object({
    id: bridgeId.describe('The id.'),
    pool: poolName.describe('The bridge pool.'),
    sip_address: z
      .string()
      .max(260)
      .describe('The public address that customers point their carrier at, host or host:port.'),
    status: z
      .enum(['active', 'draining', 'retired'])
      .describe('`draining`: no registering trunks, calls go on. `retired`: taken out permanently.'),
    created_at: timestamp.describe('When it was made.'),
    updated_at: timestamp.describe('When it was last changed.'),
  })
  .meta({ id: 'BridgeState' });
export type BridgeState = z.infer<typeof bridgeState>;

export const bridgeEvent = z.discriminatedUnion('type', [
  /**
   * First seen, seen again with another pool or address, or taken back into service after a drain: see
   * `state.status`.
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
export const gatewayStatus = z
  .object({
    organization_id: uuid.describe('The organisation.'),
    trunk_id: uuid.describe('The trunk.'),
    bridge_id: bridgeId.describe('The bridge.'),
    applied_revision: z
      .number()
      .int()
      .positive()
      .nullable()
      .describe('The revision that FreeSWITCH has; null: none yet.'),
    desired_revision: z
      .number()
      .int()
      .positive()
      .describe(
        'The revision that FreeSWITCH should have. Pending while `applied_revision` differs and there is no `error`.',
      ),
    error: z
      .object({
        code: z.string().describe('The reason as a constant, for programs.'),
        message: z.string().describe('What happened and what to do, in a sentence.'),
      })
      .nullable()
      .describe('Why the desired revision could not be applied; null where it could.'),
    state: registrationState.nullable().describe('The state of the gateway in FreeSWITCH; null while it has none.'),
    sip_status: z
      .number()
      .int()
      .nullable()
      .describe(
        "The SIP status of the last registration attempt that failed or succeeded; FreeSWITCH's own 904 " +
          'and 908 among them; null: there was none.',
      ),
    sip_phrase: z.string().nullable().describe('The phrase of the SIP status; null where there was none.'),
    ping: z
      .enum(['up', 'down'])
      .nullable()
      .describe('Whether the gateway answers OPTIONS; null where the trunk does not ask for it.'),
    since: timestamp.nullable().describe('When `state` was entered; null while there is none.'),
    addresses: z
      .array(z.string().max(64))
      .max(64)
      .optional()
      .describe(
        'Where the host name of the gateway leads. Absent: the gateway is an address, or an older agent wrote this.',
      ),
    registered_address: z
      .string()
      .max(64)
      .nullable()
      .optional()
      .describe(
        'The source address of the answer to the last registration that succeeded, while it is REGED; null otherwise.',
      ),
    updated_at: timestamp.describe('When it was last changed.'),
  })
  .meta({ id: 'GatewayState' });
export type GatewayStatus = z.infer<typeof gatewayStatus>;

/**
 * Stream GATEWAYS: a gateway's settled changes (REGED, FAILED, NOREG, DOWN, removed …), not each step of a retry. Not
 * versioned: there is no entity behind it.
 */
export const gatewayStateChanged = occurrence(
  'GatewayStateChanged',
  z.object({
    change: z
      .object({ from: registrationState.nullable().describe('The state before; null: there was none.') })
      .describe('What happened.'),
    state: gatewayStatus.describe('The gateway after the change.'),
  }),
);
export type GatewayStateChanged = z.infer<typeof gatewayStateChanged>;

export const refusedAddress = z
  .object({
    address: z.string().describe('The address.'),
    count: z.number().int().positive().describe('How many.'),
    first_at: timestamp.describe('When it was first seen.'),
    last_at: timestamp.describe('When it was last seen.'),
  })
  .meta({ id: 'RefusedAddress' });
export type RefusedAddress = z.infer<typeof refusedAddress>;

const networkPort = z.number().int().min(1).max(65_535);
/** What customers let through and enter at their carrier, beside the bridge's `sip_address`. */
export const bridgeConnection = z
  .object({
    tls_port: networkPort.nullable().describe('The port of SIP over TLS; null: the bridge does not offer it.'),
    rtp: z
      .object({
        first: networkPort.describe('The first port.'),
        last: networkPort.describe('The last port.'),
      })
      .describe('The UDP ports of RTP, both included.'),
  })
  .meta({ id: 'BridgeConnection' });
export type BridgeConnection = z.infer<typeof bridgeConnection>;

/** KV bucket `bridges` under `bridgeKey`: written by the agent every `HEARTBEAT_MS` and on change. */
export const bridgeHeartbeat = z.object({
  bridge_id: bridgeId.describe('The bridge.'),
  pool: poolName.describe('The bridge pool.'),
  sip_address: z.string().describe('The public address of the bridge, host or host:port.'),
  connection: bridgeConnection.optional().describe('How customers reach the bridge. Absent from older agents.'),
  agent_version: z.string().describe('The version of the agent.'),
  instance_id: uuid.optional().describe('The agent process. Absent from older agents.'),
  started_at: timestamp.describe('When the agent started.'),
  at: timestamp.describe('When it happened.'),
  freeswitch: z
    .object({
      connected: z.boolean().describe('Whether FreeSWITCH is connected.'),
      version: z.string().nullable().describe('The version of FreeSWITCH; null while it is not connected.'),
      profile_running: z.boolean().describe('Whether the SIP profile runs.'),
      since: timestamp.nullable().describe('Since when; null while there is no connection.'),
    })
    .describe('The FreeSWITCH of this bridge.'),
  gateways: z.record(z.string(), z.number().int()).describe('How many gateways are in each state.'),
  calls: z.number().int().describe('How many calls are up.'),
  inbound_channels: z
    .record(uuid, z.number().int().positive())
    .optional()
    .describe(
      'The inbound calls of each trunk with `max_channels`, by its id, at most 1,000 trunks: they count for the ' +
        'outbound calls of every bridge. Absent from older agents.',
    ),
  seen_position: z.number().int().describe('The sequence in TRUNKMESH up to which the agent knows the trunks.'),
  applied_position: z.number().int().describe('The sequence in TRUNKMESH up to which FreeSWITCH has the trunks.'),
  drift: z
    .number()
    .int()
    .describe('Differences between FreeSWITCH and the desired state that could not be repaired yet; 0 is the aim.'),
  last_reload: z
    .object({
      at: timestamp.describe('When it happened.'),
      ok: z.boolean().describe('Whether it succeeded.'),
      message: z.string().describe('What happened and what to do, in a sentence.'),
      took_ms: z.number().describe('How long the reload took, milliseconds.'),
    })
    .nullable()
    .describe('The last reload of FreeSWITCH; null: none yet.'),
  refused_addresses: z
    .array(refusedAddress)
    .max(100)
    .describe("Sources that FreeSWITCH's access list refused, newest first, at most 100."),
  unconfirmed_records: z
    .number()
    .int()
    .describe('Call records kept on this host that billing-observer has not confirmed.'),
});
export type BridgeHeartbeat = z.infer<typeof bridgeHeartbeat>;

/**
 * KV bucket `bridge-owners` under `bridgeKey`: the one agent process that has the bridge. Only a process that has
 * asked the one before it, and got no answer, replaces it.
 */
export const bridgeOwner = z.object({
  bridge_id: bridgeId.describe('The bridge.'),
  instance_id: uuid.describe('The agent process.'),
  host: z.string().max(255).describe('The host.'),
  place: z.string().max(128).describe('Identifies the host, its boot and STATE_DIR, hashed.'),
  claimed_at: timestamp.describe('When the bridge was claimed.'),
});
export type BridgeOwner = z.infer<typeof bridgeOwner>;

export const HEARTBEAT_MS = 2_000;
/** Without a heartbeat for this long a bridge is taken for dead and its registering trunks are placed elsewhere. */
export const HEARTBEAT_LOST_MS = 10_000;
