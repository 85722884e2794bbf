import { healthy, type Health, type Where } from './status-route.js';

/** Whose calls they are, as far as that decides where their statuses go; one object for all calls of the same. */
export interface Owner {
  readonly organizationId: string;
  readonly numberId: string | null;
}

/** A call's statuses, which go out one after the other. */
export interface Lane {
  readonly callId: string;
  readonly owner: Owner;
  /** In its file. */
  told: number;
  delivered: number;
  state: 'idle' | 'ready' | 'resting' | 'sending';
  failures: number;
  restUntil: number;
  route: Route | undefined;
}

export const laneOf = (
  callId: string,
  owner: Owner,
  { told, delivered }: { told: number; delivered: number },
): Lane => ({ callId, owner, told, delivered, state: 'idle', failures: 0, restUntil: 0, route: undefined });

export interface Route {
  readonly where: Where;
  readonly host: Host;
  readonly health: Health;
  readonly ready: Set<Lane>;
  readonly resting: Set<Lane>;
  sending: number;
  /** So many of those that are ready have to be asked where they go now: one of them goes elsewhere. */
  recheck: number;
  /** When one of them was asked last though nothing may be sent. */
  askedAt: number;
}

export interface Host {
  readonly routes: Set<Route>;
  sending: number;
}

/** Where lanes wait: a route for each URL, a host for all its routes. */
export class Routes {
  /** Where something may be sent, the next one first. */
  readonly hot = new Set<Host>();
  private readonly routes = new Map<string, Route>();
  private readonly hosts = new Map<string, Host>();

  constructor(private readonly whereOf: (owner: Owner) => Where) {}

  all(): Iterable<Route> {
    return this.routes.values();
  }

  enterWhereItGoes(lane: Lane): void {
    this.enter(lane, this.routeOf(this.whereOf(lane.owner)));
  }

  enter(lane: Lane, route: Route): void {
    lane.state = 'ready';
    lane.route = route;
    route.ready.add(lane);
    this.hot.add(route.host);
  }

  move(lane: Lane, from: Route, to: Where): void {
    from.ready.delete(lane);
    lane.failures = 0;
    this.enter(lane, this.routeOf(to));
    this.leave(from);
  }

  /** What nobody waits for is forgotten, its troubles with it. */
  leave(route: Route): void {
    if (route.ready.size + route.resting.size + route.sending > 0) return;
    this.routes.delete(route.where.key);
    route.host.routes.delete(route);
    if (route.host.routes.size > 0) return;
    this.hosts.delete(route.where.host);
    this.hot.delete(route.host);
  }

  private routeOf(where: Where): Route {
    const known = this.routes.get(where.key);
    if (known !== undefined) return known;
    const host: Host = this.hosts.get(where.host) ?? { routes: new Set(), sending: 0 };
    const route: Route = {
      where,
      host,
      health: healthy(),
      ready: new Set(),
      resting: new Set(),
      sending: 0,
      recheck: 0,
      askedAt: 0,
    };
    this.hosts.set(where.host, host);
    host.routes.add(route);
    this.routes.set(where.key, route);
    return route;
  }
}
