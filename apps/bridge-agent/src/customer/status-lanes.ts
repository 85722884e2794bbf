import { backoffMs } from '@trunkmesh/runtime/backoff.js';
import {
  failedAt,
  healthy,
  isDown,
  NONE,
  opensAt,
  recovered,
  UNKNOWN,
  type Health,
  type Pauses,
  type Verdict,
  type Where,
} from './status-route.js';

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

interface Route {
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

interface Host {
  readonly routes: Set<Route>;
  sending: number;
}

export interface LanesOptions {
  /** Asked each time that something is sent. */
  whereOf: (owner: Owner) => Where;
  pauses: Pauses;
  atOncePerHost: number;
  atOnce: number;
}

export interface Lanes {
  /** Its file has a status that is not delivered. */
  wake(lane: Lane, now: number): void;
  /** Whose next status is to be sent now; it is under way from here until `settle`. */
  next(now: number): Lane | undefined;
  /** `down`, `up`: with that the endpoint changed. */
  settle(lane: Lane, verdict: Verdict, at: { now: number; random: number }): 'down' | 'up' | undefined;
  /** It was not sent after all, because where it goes changed meanwhile. */
  putBack(lane: Lane, now: number): void;
  /** It is given up. Not while it is under way. */
  remove(lane: Lane): void;
  /** Whoever has rested is ready again: to be called before `next` where time has passed. */
  tick(now: number): void;
  /** Under way. */
  sending(): number;
}

/** How long what has nowhere to go waits until it is asked again. */
const ASK_AGAIN_MS: Partial<Record<string, number>> = { [UNKNOWN.key]: 1_000, [NONE.key]: 60_000 };
/**
 *  How often while nothing may be sent: what the endpoint asked for by Retry-After does not hold for the one in its
 *  place.
 */
const ASK_CLOSED_MS = 30_000;
/** Finding out where a call's statuses go opens a secret, and a hundred thousand may have to be asked. */
const ASKED_AT_ONCE = 500;

const isOpen = ({ health, sending }: Route, now: number): boolean =>
  now >= opensAt(health) && !(isDown(health) && sending > 0);

/**
 *  Which call's next status is sent when. Each in order, each endpoint on its own: a host that is slow or dead takes a
 *  few connections, and nobody else's time.
 */
export function createLanes({ whereOf, pauses, atOncePerHost, atOnce }: LanesOptions): Lanes {
  const routes = new Map<string, Route>();
  const hosts = new Map<string, Host>();
  /** Where something may be sent, the next one first. */
  const hot = new Set<Host>();
  let sending = 0;

  const routeOf = (where: Where): Route => {
    const known = routes.get(where.key);
    if (known !== undefined) return known;
    const host: Host = hosts.get(where.host) ?? { routes: new Set(), sending: 0 };
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
    hosts.set(where.host, host);
    host.routes.add(route);
    routes.set(where.key, route);
    return route;
  };
  /** What nobody waits for is forgotten, its troubles with it. */
  const leave = (route: Route): void => {
    if (route.ready.size + route.resting.size + route.sending > 0) return;
    routes.delete(route.where.key);
    route.host.routes.delete(route);
    if (route.host.routes.size > 0) return;
    hosts.delete(route.where.host);
    hot.delete(route.host);
  };
  const enter = (lane: Lane, route: Route): void => {
    lane.state = 'ready';
    lane.route = route;
    route.ready.add(lane);
    hot.add(route.host);
  };
  const move = (lane: Lane, from: Route, to: Where): void => {
    from.ready.delete(lane);
    lane.failures = 0;
    enter(lane, routeOf(to));
    leave(from);
  };
  const release = (route: Route): void => {
    for (const lane of route.resting) enter(lane, route);
    route.resting.clear();
  };
  /** To the end, so that each is asked once and tried in turn. */
  const turn = (lane: Lane, route: Route): void => {
    route.ready.delete(lane);
    route.ready.add(lane);
    route.recheck = Math.max(0, route.recheck - 1);
  };
  const askClosed = (route: Route, now: number): void => {
    const [lane] = route.ready;
    if (lane === undefined || now >= opensAt(route.health) || now - route.askedAt < ASK_CLOSED_MS) return;
    route.askedAt = now;
    turn(lane, route);
    // Whoever put one URL right put it right for others as well.
    if (whereOf(lane.owner).key !== route.where.key) route.recheck = route.ready.size;
  };
  /** The first of the route that may be sent, after those that go elsewhere by now have gone there. */
  const take = (route: Route, now: number, budget: { left: number }): Lane | undefined => {
    for (const lane of route.ready) {
      const open = isOpen(route, now);
      if (budget.left === 0 || (!open && route.recheck === 0)) return undefined;
      budget.left -= 1;
      const where = whereOf(lane.owner);
      const wait = ASK_AGAIN_MS[where.key];
      if (where.key !== route.where.key) {
        // Whoever put one URL right put it right for others as well.
        route.recheck = (route.recheck || route.ready.size) - 1;
        move(lane, route, where);
      } else if (open && wait === undefined) return lane;
      else {
        turn(lane, route);
        if (wait !== undefined) route.health.pausedUntil = now + wait;
      }
    }
    return undefined;
  };
  const takeOf = (host: Host, now: number, budget: { left: number }): Lane | undefined => {
    if (host.sending >= atOncePerHost) return undefined;
    for (const route of [...host.routes]) {
      const lane = take(route, now, budget);
      if (lane === undefined) continue;
      host.routes.delete(route);
      host.routes.add(route);
      return lane;
    }
    return undefined;
  };
  const arrive = (lane: Lane): Route => {
    const route = lane.route!;
    route.sending -= 1;
    route.host.sending -= 1;
    sending -= 1;
    hot.add(route.host);
    return route;
  };

  return {
    wake: (lane) => {
      if (lane.state === 'idle' && lane.told > lane.delivered) enter(lane, routeOf(whereOf(lane.owner)));
    },
    next: (now) => {
      if (sending >= atOnce) return undefined;
      const budget = { left: ASKED_AT_ONCE };
      for (const host of hot) {
        hot.delete(host);
        const lane = takeOf(host, now, budget);
        if (lane !== undefined || budget.left === 0) hot.add(host);
        if (budget.left === 0 && lane === undefined) return undefined;
        if (lane === undefined) continue;
        const route = lane.route!;
        route.ready.delete(lane);
        lane.state = 'sending';
        route.sending += 1;
        route.recheck = Math.min(route.recheck, route.ready.size);
        host.sending += 1;
        sending += 1;
        return lane;
      }
      return undefined;
    },
    settle: (lane, verdict, { now, random }) => {
      const route = arrive(lane);
      const wasDown = isDown(route.health);
      if (verdict.verdict === 'accepted') {
        // One that had failed and succeeds speaks for those that failed beside it; others may be what the endpoint
        // chokes on.
        if (recovered(route.health) || lane.failures > 0) release(route);
        lane.delivered += 1;
        lane.failures = 0;
        lane.route = undefined;
        lane.state = 'idle';
        if (lane.told > lane.delivered) enter(lane, route);
        leave(route);
        return wasDown ? 'up' : undefined;
      }
      failedAt(route.health, lane.callId, verdict, { now, random, pauses });
      lane.failures += 1;
      if (isDown(route.health)) enter(lane, route);
      else {
        lane.state = 'resting';
        lane.restUntil = now + backoffMs(lane.failures - 1, random, pauses);
        route.resting.add(lane);
      }
      return !wasDown && isDown(route.health) ? 'down' : undefined;
    },
    putBack: (lane) => {
      const route = arrive(lane);
      enter(lane, routeOf(whereOf(lane.owner)));
      leave(route);
    },
    remove: (lane) => {
      const { route } = lane;
      if (route === undefined) return;
      route.ready.delete(lane);
      route.resting.delete(lane);
      lane.route = undefined;
      lane.state = 'idle';
      leave(route);
    },
    tick: (now) => {
      for (const route of routes.values()) {
        for (const lane of route.resting) {
          if (lane.restUntil > now) continue;
          route.resting.delete(lane);
          enter(lane, route);
        }
        askClosed(route, now);
        if (route.ready.size > 0) hot.add(route.host);
      }
    },
    sending: () => sending,
  };
}
