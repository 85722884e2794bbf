import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { open, UnknownKeyError, type KeyRing } from '@trunkmesh/runtime/key-ring.crypto.js';
import { canonicalCidr, parseGatewayAddress } from './gateway-address.js';
import type { GatewayProblem } from './gateway-status.js';
import { renderGateway } from './gateway-xml.js';
import type { DesiredGateway } from './reconcile.js';

/** The trunks of this bridge as FreeSWITCH shall have them. The only place where passwords are plain text, besides the files. */
export interface RenderedGateways {
  readonly desired: ReadonlyMap<string, DesiredGateway>;
  /** Trunks that cannot be rendered: left out, reported, never in another's way. */
  readonly problems: ReadonlyMap<string, GatewayProblem>;
  /** Where the trunk's calls may come from, as far as that needs no DNS: canonical CIDRs, without what is none. */
  literalCidrsOf(trunkId: string): readonly string[];
  set(trunk: TrunkState): void;
  remove(trunkId: string): void;
}

export function renderedGateways(ring: KeyRing): RenderedGateways {
  const desired = new Map<string, DesiredGateway>();
  const problems = new Map<string, GatewayProblem>();
  const literal = new Map<string, readonly string[]>();

  const fail = (trunkId: string, problem: GatewayProblem): void => {
    desired.delete(trunkId);
    problems.set(trunkId, problem);
  };

  return {
    desired,
    problems,
    literalCidrsOf: (trunkId) => literal.get(trunkId) ?? [],
    set(trunk) {
      const own = parseGatewayAddress(trunk.gateway)?.address;
      literal.set(trunk.id, (own ? [own, ...trunk.inbound_addresses] : trunk.inbound_addresses).flatMap((entry) => canonicalCidr(entry) ?? []));
      const password = passwordOf(ring, trunk);
      if ('problem' in password) return fail(trunk.id, password.problem);
      const rendered = renderGateway(trunk, password.text);
      if (!rendered.ok) return fail(trunk.id, rendered.problem);
      problems.delete(trunk.id);
      desired.set(trunk.id, { trunkId: trunk.id, name: rendered.name, xml: rendered.xml, needsAcl: rendered.needsAcl });
    },
    remove(trunkId) {
      desired.delete(trunkId);
      problems.delete(trunkId);
      literal.delete(trunkId);
    },
  };
}

function passwordOf(ring: KeyRing, trunk: TrunkState): { text: string | null } | { problem: GatewayProblem } {
  if (trunk.password === null) return { text: null };
  try {
    return { text: open(ring, trunk.password, trunk.id) };
  } catch (error) {
    const message = error instanceof UnknownKeyError
      ? `This bridge does not have the key "${error.keyId}" that the password is encrypted with.`
      : 'The password cannot be decrypted on this bridge.';
    return { problem: { code: 'secret-unreadable', message } };
  }
}
