import { CALLED_NUMBER_SOURCES } from '@trunkmesh/contracts/routing.js';
import { bridgeId, poolName } from '@trunkmesh/contracts/scalar.js';
import { codec, transport } from '@trunkmesh/contracts/trunk.js';
import { z } from 'zod';
import { readGateway } from '../network/gateway.js';
import { publicView } from '../bridge/bridge-view.js';
import type { FleetBridge } from '../bridge/fleet.js';

const port = z.number().int().min(1).max(65_535);

const bridgeAddress = z
  .object({
    id: bridgeId.describe('The bridge.'),
    pool: poolName.describe('The pool that the bridge belongs to; a trunk names one in `bridge_pool`.'),
    host: z.string().describe('The host name or address to send calls to.'),
    addresses: z
      .array(z.string())
      .describe('The addresses that the host has now, to allow where a carrier takes no names. Empty: not found.'),
    transports: z
      .array(
        z
          .object({
            transport: transport.describe('How SIP messages travel.'),
            port: port.describe('The port of this transport.'),
          })
          .meta({ id: 'BridgeTransport', description: 'A transport that the bridge takes SIP on.' }),
      )
      .describe('What the bridge takes SIP on.'),
    rtp: z
      .object({
        first: port.describe('The first port.'),
        last: port.describe('The last port.'),
      })
      .nullable()
      .describe('The UDP ports of the audio; null where the bridge has not reported them yet.'),
    status: z
      .enum(['active', 'draining', 'retired'])
      .describe('`draining`: the bridge finishes its calls; `active`: it takes new ones.'),
    alive: z.boolean().nullable().describe('Whether the bridge is online; null where that is unknown.'),
  })
  .meta({ id: 'BridgeAddress', description: 'A bridge as a carrier or PBX reaches it.' });

export const connectionView = z
  .object({
    bridges: z
      .array(bridgeAddress)
      .describe('Send calls to these, and allow SIP and RTP from them. Only bridges of pools that you may use.'),
    codecs: z.array(codec).describe('The codecs that a call may use, the preferred one first.'),
    called_number_headers: z
      .array(z.string())
      .describe(
        'Where a forwarded call may carry the number that was really called: the first of these that holds one of ' +
          'your numbers decides; the Request-URI and To come last.',
      ),
  })
  .meta({ id: 'Connection', description: 'What to enter at a carrier or PBX to connect it.' });
export type ConnectionView = z.infer<typeof connectionView>;

const SIP_PORT = 5060;
const NO_HEADERS: ReadonlySet<string> = new Set(['Request-URI', 'To']);

/** `addresses`: where the bridges' host names lead, by bridge. */
export function connectionOf(
  bridges: readonly FleetBridge[],
  addresses: ReadonlyMap<string, readonly string[]>,
): ConnectionView {
  return {
    bridges: bridges.map((bridge) => bridgeAddressOf(bridge, addresses.get(bridge.id) ?? [])),
    codecs: codec.options,
    called_number_headers: CALLED_NUMBER_SOURCES.filter((source) => !NO_HEADERS.has(source)),
  };
}

function bridgeAddressOf(bridge: FleetBridge, resolved: readonly string[]): z.infer<typeof bridgeAddress> {
  const { id, pool, sip_address, status, alive } = publicView(bridge);
  const reading = readGateway(sip_address);
  // An agent takes any text for its address: shown as it is, it can be seen and corrected.
  const { host, port: sipPort, kind } = reading.ok ? reading.gateway : { host: sip_address, port: null, kind: 'name' };
  const reported = bridge.heard?.heartbeat.connection;
  return {
    id,
    pool,
    host,
    addresses: kind === 'name' ? [...resolved] : [host],
    transports: transportsOf(sipPort ?? SIP_PORT, reported?.tls_port ?? null),
    rtp: reported?.rtp ?? null,
    status,
    alive,
  };
}

const transportsOf = (sip: number, tls: number | null): z.infer<typeof bridgeAddress>['transports'] => [
  { transport: 'udp', port: sip },
  { transport: 'tcp', port: sip },
  ...(tls === null ? [] : [{ transport: 'tls' as const, port: tls }]),
];
