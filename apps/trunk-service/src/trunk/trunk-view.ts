import type { FieldProblem } from '@trunkmesh/contracts/problem.js';
import { trunkSettings, trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { z } from 'zod';
import { readGateway } from './gateway.js';

export const trunkView = trunkSettings.extend({
  ...trunkState.pick({ id: true, organization_id: true, enabled: true, bridge_id: true, gateway_revision: true, created_at: true, updated_at: true }).shape,
  /** The password itself is never shown. */
  has_password: z.boolean(),
  /** What is allowed, and probably not meant. */
  hints: z.array(z.object({ pointer: z.string(), message: z.string() })),
  /** Whether it is live, per bridge. */
  status_url: z.string(),
});
export type TrunkView = z.infer<typeof trunkView>;

/** What a client may see: everything but the password, whose ciphertext is nobody's business either. */
export function viewOf({ password, ...visible }: TrunkState): TrunkView {
  return { ...visible, has_password: password !== null, hints: hintsOf(visible), status_url: `/api/v1/sip-trunks/${visible.id}/status` };
}

function hintsOf(trunk: Omit<TrunkState, 'password'>): FieldProblem[] {
  const hints: FieldProblem[] = [];
  const hint = (pointer: string, message: string) => hints.push({ pointer, message });
  const reading = readGateway(trunk.gateway);
  const port = reading.ok ? reading.gateway.port : null;
  if (trunk.srtp !== 'off' && trunk.transport !== 'tls') hint('/srtp', 'SRTP\'s keys travel in the SIP messages (RFC 4568): without "transport": "tls" everybody on the way can read them');
  if (trunk.transport === 'tls' && trunk.srtp === 'off') hint('/srtp', 'TLS encrypts the signalling alone: set "srtp" to "optional" or "required" to encrypt the audio');
  if (trunk.transport === 'tls' && port === 5060) hint('/gateway', 'TLS usually has port 5061; 5060 is the port without TLS');
  if (trunk.transport !== 'tls' && port === 5061) hint('/gateway', 'port 5061 is usually TLS; "transport" is not "tls"');
  if (!trunk.register && trunk.inbound_addresses.length === 0) hint('/inbound_addresses', 'calls are taken from the gateway\'s own addresses only; list the carrier\'s other addresses here');
  return hints;
}
