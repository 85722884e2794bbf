import { healthy, type Health, type Destination } from './status-route.js';

/** The owner of calls, which decides where their statuses go; one object for all calls of the same owner. */
export interface Owner {
  readonly organizationId: string;
  readonly numberId: string | null;
}

/** A call's statuses, which are sent one after another. */
export interface Lane {
  readonly callId: string;
  readonly owner: Owner;
  /** In its file. */
  told: number;
  delivered: number;
  /** After how many statuses another bridge wrote more, and up to which one. */
  readonly gaps: Map<number, number>;
  state: 'idle' | 'ready' | 'resting' | 'sending';
  failures: number;
  restUntil: number;
  route: Route | undefined;
}

export const laneOf = (
  callId: string,
  owner: Owner,
  { told, delivered, gaps }: { told: number; delivered: number; gaps?: ReadonlyMap<number, number> },
): Lane => ({
  callId,
  owner,
  told,
  delivered,
  gaps: new Map(gaps),
  state: 'idle',
  failures: 0,
  restUntil: 0,
  route: undefined,
});

export interface Route {
  readonly where: Destination;
  readonly host: Host;
  readonly health: Health;
  readonly ready: Set<Lane>;
  readonly resting: Set<Lane>;
  sending: number;
  /** How many of the ready lanes must look up their route again, because one of them has moved. */
  recheck: number;
  /** When a route was last looked up although nothing may be sent. */
  askedAt: number;
}

export interface Host {
  readonly routes: Set<Route>;
  sending: number;
}

/** The queues of lanes: a route for each URL, a host for all its routes. */
export class Routes {
  /** Routes that may send now, the next one first. */
  readonly hot = new Set<Host>();
  private readonly routes = new Map<string, Route>();
  private readonly hosts = new Map<string, Host>();

  constructor(private readonly destinationOf: (owner: Owner) => Destination) {}

  all(): Iterable<Route> {
    return this.routes.values();
  }

  enterWhereItGoes(lane: Lane): void {
    this.enter(lane, this.routeOf(this.destinationOf(lane.owner)));
  }

  enter(lane: Lane, route: Route): void {
    lane.state = 'ready';
    lane.route = route;
    route.ready.add(lane);
    this.hot.add(route.host);
  }

  move(lane: Lane, from: Route, to: Destination): void {
    from.ready.delete(lane);
    lane.failures = 0;
    this.enter(lane, this.routeOf(to));
    this.leave(from);
  }

  /** Drops a route that no lane uses, with its health. */
  leave(route: Route): void {
    if (route.ready.size + route.resting.size + route.sending > 0) return;
    this.routes.delete(route.where.key);
    route.host.routes.delete(route);
    if (route.host.routes.size > 0) return;
    this.hosts.delete(route.where.host);
    this.hot.delete(route.host);
  }

  private routeOf(where: Destination): Route {
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
