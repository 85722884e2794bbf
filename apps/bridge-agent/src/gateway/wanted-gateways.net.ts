import { gatewayName, nextHopOf, parseGatewayName, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { claimsOf } from '@trunkmesh/routing/claims.js';
import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { ResolvedTrunks } from '../route/resolved-trunks.js';
import { renderAcl } from './acl-xml.js';
import { isUnanswered } from './freeswitch-reply.js';
import { certificatePlaceOf, isCertificateProblem } from './carrier-certificate.js';
import { CarrierCertificates, type Verification } from './carrier-certificates.net.js';
import { lookupsOf, parseGatewayAddress, type Target } from './gateway-address.js';
import { mayBeCarrier, AddressBook, type LookUpOptions, type NameStanding } from './gateway-address.net.js';
import { routeAfterAnswer, routeAfterFailure, routeInFile, type Route } from './gateway-route.js';
import type { GatewayProblem } from './gateway-status.js';
import type { GatewayStateSeen } from './observed.js';
import { renderedGateways, type Placement, type RenderedGateways } from './rendered-gateways.js';

export interface WantedGatewaysOptions {
  ring: KeyRing;
  /** Whether host names may resolve to private addresses. */
  allowPrivate: boolean;
  lookUps?: LookUpOptions | undefined;
  logger: Logger;
  /** Gets the addresses that lead to each trunk. */
  resolved: Pick<ResolvedTrunks, 'set'>;
  trunkOf(trunkId: string): TrunkState | undefined;
  /** The gateway's file on disk. */
  fileOf(trunkId: string): string | undefined;
  /** Called when the desired or the published state of these trunks has changed. */
  onChange(trunkIds: readonly string[]): void;
}

const FORBIDDEN: GatewayProblem = {
  code: 'gateway-address-forbidden',
  message:
    'The host name of the gateway, or of its outbound proxy, leads to an address that no carrier can have (private, ' +
    'link-local or reserved), so nothing is sent there. Point the name at public addresses only.',
};
const UNRESOLVED: GatewayProblem = {
  code: 'gateway-unresolved',
  message:
    'The host name of the gateway, or of its outbound proxy, does not resolve: no address was found for it. Check ' +
    'its spelling and that it is a public name.',
};
const WITHHELD: Record<Exclude<NameStanding['is'], 'allowed'>, Placement> = {
  waiting: { is: 'withheld', takenDown: false, problem: null },
  unresolved: { is: 'withheld', takenDown: false, problem: UNRESOLVED },
  forbidden: { is: 'withheld', takenDown: true, problem: FORBIDDEN },
};

/** The desired gateways of this bridge's trunks, as far as their settings and host names are known. */
export class WantedGateways {
  readonly rendered: RenderedGateways;
  private readonly book: AddressBook;
  private readonly certificates: CarrierCertificates;
  private readonly routes = new Map<string, { gateway: string; route: Route }>();
  private readonly placements = new Map<string, string>();
  private aclText: string | undefined;

  constructor(private readonly options: WantedGatewaysOptions) {
    this.rendered = renderedGateways(options.ring);
    const { allowPrivate, lookUps, logger } = options;
    this.book = new AddressBook({
      allowPrivate,
      logger,
      ...lookUps,
      onChange: (ids) => {
        this.resolved(ids);
      },
    });
    this.certificates = new CarrierCertificates({ logger, onChange: (ids) => this.renderAgain(ids) });
  }

  /** Whether FreeSWITCH verifies the certificates of carriers; undefined: it did not answer. */
  verifies(verification: Verification | undefined): void {
    if (verification === undefined || JSON.stringify(verification) === JSON.stringify(this.certificates.verification))
      return;
    this.certificates.verification = verification;
    this.certificates.lookAgain();
    this.renderAgain([...this.placements.keys()].filter((id) => this.options.trunkOf(id)?.transport === 'tls'));
  }

  /** Nothing is sent for the trunk because of what its carrier's certificate is. */
  refusesCertificate(trunkId: string): boolean {
    const problem = this.rendered.problems.get(trunkId);
    return problem !== undefined && isCertificateProblem(problem);
  }

  /** The trunk's settings have changed, or it is no longer here. */
  take(trunkId: string): void {
    const trunk = this.options.trunkOf(trunkId);
    const hop = trunk && parseGatewayAddress(nextHopOf(trunk));
    this.aclText = undefined;
    this.book.track(trunkId, trunk === undefined || hop === undefined ? [] : lookupsOf(hop, trunk.transport));
    this.options.resolved.set(trunkId, this.missingClaims(trunkId));
    if (trunk !== undefined) return this.render(trunk, true);
    this.rendered.remove(trunkId);
    this.certificates.forget(trunkId);
    this.routes.delete(trunkId);
    this.placements.delete(trunkId);
  }

  /** Moves a gateway that got no usable answer to its next target. */
  noteState(seen: GatewayStateSeen): void {
    const trunk = this.options.trunkOf(parseGatewayName(seen.name)?.id ?? '');
    if (trunk === undefined || gatewayName(trunk) !== seen.name) return;
    if (!isUnanswered(seen, trunk.ping_seconds !== null)) return;
    this.certificates.doubt(trunk.id);
    this.failed(trunk.id);
  }

  private failed(trunkId: string): void {
    const known = this.routes.get(trunkId);
    const standing = this.book.standingOf(trunkId);
    if (known === undefined || standing?.is !== 'allowed') return;
    const route = routeAfterFailure(known.route, standing.targets, Date.now());
    if (route === known.route) return;
    this.routes.set(trunkId, { ...known, route });
    const { target: from } = known.route;
    this.options.logger.info(
      { trunk_id: trunkId, from, to: route.target },
      'gateway did not answer; trying its next address',
    );
    this.renderAgain([trunkId]);
  }

  /** Drops addresses that names left long ago. */
  tidy(): void {
    const gone = [...this.routes].filter(([, { route }]) => route.goneSince !== null).map(([id]) => id);
    if (gone.length > 0) this.renderAgain(gone);
  }

  /** The access list: the trunks' claims, and the addresses of their names as this host resolves them. */
  acl(trunkIds: Iterable<string>): string {
    return (this.aclText ??= renderAcl([...trunkIds].flatMap((id) => [...this.claimed(id), ...this.book.cidrsOf(id)])));
  }

  /** Undefined for a literal address; null if the name's target is not known yet. */
  addressesOf(trunkId: string): readonly string[] | undefined | null {
    const standing = this.book.standingOf(trunkId);
    if (standing === undefined) return undefined;
    return standing.is === 'waiting' || standing.is === 'unresolved' ? null : this.book.addressesOf(trunkId);
  }

  /** The only address to which FreeSWITCH sends this trunk's REGISTERs. */
  hopOf(trunkId: string): string | undefined {
    const trunk = this.options.trunkOf(trunkId);
    if (trunk === undefined) return undefined;
    return parseGatewayAddress(nextHopOf(trunk))?.address ?? this.routes.get(trunkId)?.route.target.address;
  }

  /**
   * `applied`: FreeSWITCH has the gateway in its latest revision, and it works on while its name cannot be resolved.
   */
  problemOf(trunkId: string, applied: boolean): GatewayProblem | null {
    const problem = this.rendered.problems.get(trunkId) ?? null;
    return applied && problem === UNRESOLVED ? null : problem;
  }

  stop(): void {
    this.book.stop();
    this.certificates.stop();
  }

  private resolved(trunkIds: readonly string[]): void {
    this.aclText = undefined;
    for (const id of trunkIds) this.options.resolved.set(id, this.missingClaims(id));
    this.renderAgain(trunkIds);
  }

  private renderAgain(trunkIds: readonly string[]): void {
    for (const id of trunkIds) {
      const trunk = this.options.trunkOf(id);
      if (trunk !== undefined) this.render(trunk, false);
    }
    this.options.onChange(trunkIds);
  }

  private render(trunk: TrunkState, changed: boolean): void {
    const placement = this.placementOf(trunk);
    const key = JSON.stringify(placement) ?? '';
    if (!changed && this.placements.get(trunk.id) === key) return;
    this.placements.set(trunk.id, key);
    this.rendered.set(trunk, placement);
  }

  private placementOf(trunk: TrunkState): Placement | undefined {
    const placed = this.placedByName(trunk);
    return trunk.transport === 'tls' && placed?.is !== 'withheld' ? this.proven(trunk, placed?.hop) : placed;
  }

  /** Over TLS FreeSWITCH sends nothing before it is known that its own check of the certificate can succeed. */
  private proven(trunk: TrunkState, hop: Target | undefined): Placement | undefined {
    const { verification } = this.certificates;
    const place = certificatePlaceOf(trunk, hop);
    if (verification.is === 'unknown') return WITHHELD.waiting;
    if (verification.is === 'off' || place === undefined) {
      this.certificates.forget(trunk.id);
      return hop && { is: 'ready', hop };
    }
    const standing = this.certificates.standingAt(trunk.id, place);
    if (standing.is === 'waiting') return WITHHELD.waiting;
    if (standing.is === 'refused') return { is: 'withheld', takenDown: true, problem: standing.problem };
    const { address, port, name } = place;
    return { is: 'ready', hop: { address, port, subject: standing.is === 'proven' ? standing.subject : name } };
  }

  private placedByName(trunk: TrunkState): Placement | undefined {
    const standing = this.book.standingOf(trunk.id);
    if (standing === undefined) return undefined;
    if (standing.is !== 'allowed') return WITHHELD[standing.is];
    const route = this.routeOf(trunk, standing.targets);
    return route === undefined ? WITHHELD.unresolved : { is: 'ready', hop: route.target };
  }

  private routeOf(trunk: TrunkState, targets: readonly Target[]): Route | undefined {
    const gateway = `${trunk.transport} ${nextHopOf(trunk)}`;
    const known = this.routes.get(trunk.id);
    const before = known?.gateway === gateway ? known.route : routeInFile(this.options.fileOf(trunk.id), targets);
    const route = routeAfterAnswer(before, targets, Date.now());
    if (route === undefined) this.routes.delete(trunk.id);
    else this.routes.set(trunk.id, { gateway, route });
    return route;
  }

  private claimed(trunkId: string): string[] {
    const trunk = this.options.trunkOf(trunkId);
    const claims = trunk === undefined ? [] : claimsOf(trunk);
    const { allowPrivate } = this.options;
    return claims.flatMap(({ network, via }) =>
      via !== 'name' || mayBeCarrier(addressOf(network), allowPrivate) ? network : [],
    );
  }

  private missingClaims(trunkId: string): string[] {
    const trunk = this.options.trunkOf(trunkId);
    if (trunk === undefined) return [];
    const recorded = new Set(claimsOf(trunk).map(({ network }) => network));
    return this.book.addressesOf(trunkId).filter((address) => !recorded.has(networkOf(address)));
  }
}

const networkOf = (address: string): string => `${address}/${address.includes(':') ? 128 : 32}`;
const addressOf = (network: string): string => network.slice(0, network.indexOf('/'));
