import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import { open, UnknownKeyError, type KeyRing } from '@trunkmesh/runtime/key-ring.js';
import type { Hop } from './gateway-address.js';
import type { GatewayProblem } from './gateway-status.js';
import { renderGateway } from './gateway-xml.js';
import type { DesiredGateway } from './reconcile.js';

/**
 * `ready`: FreeSWITCH may send there. `withheld`: nothing may be sent yet, or any more; with `takenDown` what
 * FreeSWITCH has of the trunk is taken away, too.
 */
export type Placement =
  { is: 'ready'; hop: Hop } | { is: 'withheld'; takenDown: boolean; problem: GatewayProblem | null };

/** The desired gateways of this bridge. Besides the files, the only place where passwords are in plain text. */
export interface RenderedGateways {
  readonly desired: ReadonlyMap<string, DesiredGateway>;
  /** Trunks that cannot be rendered: left out and reported; they never block others. */
  readonly problems: ReadonlyMap<string, GatewayProblem>;
  /** Trunks that are neither added nor removed: those with problems, and those whose host name is being looked up. */
  held(): Set<string>;
  /** Trunks that FreeSWITCH must not have, and that send nothing while they are removed. */
  takenDown(): Set<string>;
  /** `placement`: where its requests go; undefined: to the literal address that it names. */
  set(trunk: TrunkState, placement?: Placement): void;
  remove(trunkId: string): void;
}

export function renderedGateways(ring: KeyRing): RenderedGateways {
  const desired = new Map<string, DesiredGateway>();
  const problems = new Map<string, GatewayProblem>();
  const withheld = new Map<string, { takenDown: boolean }>();

  const fail = (trunkId: string, problem: GatewayProblem): void => {
    desired.delete(trunkId);
    problems.set(trunkId, problem);
  };

  return {
    desired,
    problems,
    held: () => new Set([...problems.keys(), ...withheld.keys()].filter((id) => withheld.get(id)?.takenDown !== true)),
    takenDown: () => new Set([...withheld].filter(([, { takenDown }]) => takenDown).map(([id]) => id)),
    set(trunk, placement) {
      withheld.delete(trunk.id);
      if (placement?.is === 'withheld') {
        withheld.set(trunk.id, placement);
        desired.delete(trunk.id);
        if (placement.problem === null) problems.delete(trunk.id);
        else problems.set(trunk.id, placement.problem);
        return;
      }
      const password = passwordOf(ring, trunk);
      if ('problem' in password) return fail(trunk.id, password.problem);
      const rendered = renderGateway(trunk, password.text, placement?.hop);
      if (!rendered.ok) return fail(trunk.id, rendered.problem);
      problems.delete(trunk.id);
      desired.set(trunk.id, { trunkId: trunk.id, name: rendered.name, xml: rendered.xml });
    },
    remove(trunkId) {
      desired.delete(trunkId);
      problems.delete(trunkId);
      withheld.delete(trunkId);
    },
  };
}

function passwordOf(ring: KeyRing, trunk: TrunkState): { text: string | null } | { problem: GatewayProblem } {
  if (trunk.password === null) return { text: null };
  try {
    return { text: open(ring, trunk.password, trunk.id) };
  } catch (error) {
    const message =
      error instanceof UnknownKeyError
        ? `This bridge does not have the key "${error.keyId}" that the password is encrypted with.`
        : 'The password cannot be decrypted on this bridge.';
    return { problem: { code: 'secret-unreadable', message } };
  }
}
