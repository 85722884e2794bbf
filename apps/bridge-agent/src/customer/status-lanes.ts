import { backoffMs } from '@trunkmesh/runtime/backoff.js';
import { deliveredUpTo } from './status-file.js';
import { Routes, type Host, type Lane, type Owner, type Route } from './status-lane.js';
import {
  failedAt,
  isDown,
  NONE,
  opensAt,
  recovered,
  UNKNOWN,
  type Pauses,
  type Verdict,
  type Destination,
} from './status-route.js';

export interface LanesOptions {
  /** Called for every attempt. */
  destinationOf: (owner: Owner) => Destination;
  pauses: Pauses;
  atOncePerHost: number;
  atOnce: number;
}

/** How long a lane without an endpoint waits before its route is looked up again. */
const ASK_AGAIN_MS: Partial<Record<string, number>> = { [UNKNOWN.key]: 1_000, [NONE.key]: 60_000 };
/**
 * How often to look up routes while nothing may be sent: an endpoint's Retry-After does not apply to its replacement.
 */
const ASK_CLOSED_MS = 30_000;
/** Looking up a route decrypts a secret, and a hundred thousand lanes may need it. */
const MAX_RECHECKS = 500;

const isOpen = ({ health, sending }: Route, now: number): boolean =>
  now >= opensAt(health) && !(isDown(health) && sending > 0);

/**
 * Schedules which call's next status is sent when. Each call in order and each endpoint on its own: a slow or dead host
 * uses a few connections and does not delay the others.
 */
export class Lanes {
  private readonly routes: Routes;
  private underWay = 0;

  constructor(private readonly options: LanesOptions) {
    this.routes = new Routes(options.destinationOf);
  }

  /** Adds a call that has an undelivered status in its file. */
  wake(lane: Lane): void {
    if (lane.state === 'idle' && lane.told > lane.delivered) this.routes.enterWhereItGoes(lane);
  }

  /** The next lane with a status that is due; it is in flight until `settle`. */
  next(now: number): Lane | undefined {
    if (this.underWay >= this.options.atOnce) return undefined;
    const budget = { left: MAX_RECHECKS };
    const { hot } = this.routes;
    for (const host of hot) {
      hot.delete(host);
      const lane = this.takeOf(host, now, budget);
      if (lane !== undefined || budget.left === 0) hot.add(host);
      if (budget.left === 0 && lane === undefined) return undefined;
      if (lane !== undefined) return this.depart(lane);
    }
    return undefined;
  }

  /** Returns `down` or `up` if this changed the endpoint's health. */
  settle(lane: Lane, verdict: Verdict, at: { now: number; random: number }): 'down' | 'up' | undefined {
    const route = this.arrive(lane);
    const wasDown = isDown(route.health);
    if (verdict.verdict === 'accepted') {
      this.accepted(lane, route);
      return wasDown ? 'up' : undefined;
    }
    this.failed(lane, route, { verdict, ...at });
    return !wasDown && isDown(route.health) ? 'down' : undefined;
  }

  /** It was not sent after all, because its route has changed. */
  putBack(lane: Lane): void {
    const route = this.arrive(lane);
    this.routes.enterWhereItGoes(lane);
    this.routes.leave(route);
  }

  /** Gives it up. Not while it is in flight. */
  remove(lane: Lane): void {
    const { route } = lane;
    if (route === undefined) return;
    route.ready.delete(lane);
    route.resting.delete(lane);
    lane.route = undefined;
    lane.state = 'idle';
    this.routes.leave(route);
  }

  /** Makes lanes ready after their pause: call it before `next` if time has passed. */
  tick(now: number): void {
    for (const route of this.routes.all()) {
      for (const lane of route.resting) {
        if (lane.restUntil > now) continue;
        route.resting.delete(lane);
        this.routes.enter(lane, route);
      }
      this.askClosed(route, now);
      if (route.ready.size > 0) this.routes.hot.add(route.host);
    }
  }

  /** Under way. */
  sending(): number {
    return this.underWay;
  }

  private takeOf(host: Host, now: number, budget: { left: number }): Lane | undefined {
    if (host.sending >= this.options.atOncePerHost) return undefined;
    for (const route of [...host.routes]) {
      const lane = this.take(route, now, budget);
      if (lane === undefined) continue;
      host.routes.delete(route);
      host.routes.add(route);
      return lane;
    }
    return undefined;
  }

  /** The route's first lane that may send, after lanes with a changed route have moved. */
  private take(route: Route, now: number, budget: { left: number }): Lane | undefined {
    for (const lane of route.ready) {
      const open = isOpen(route, now);
      if (budget.left === 0 || (!open && route.recheck === 0)) return undefined;
      budget.left -= 1;
      const where = this.options.destinationOf(lane.owner);
      const wait = ASK_AGAIN_MS[where.key];
      if (where.key !== route.where.key) {
        // A corrected URL is usually corrected for the others too.
        route.recheck = (route.recheck || route.ready.size) - 1;
        this.routes.move(lane, route, where);
      } else if (open && wait === undefined) return lane;
      else {
        turn(lane, route);
        if (wait !== undefined) route.health.pausedUntil = now + wait;
      }
    }
    return undefined;
  }

  private depart(lane: Lane): Lane {
    const route = lane.route!;
    route.ready.delete(lane);
    lane.state = 'sending';
    route.sending += 1;
    route.recheck = Math.min(route.recheck, route.ready.size);
    route.host.sending += 1;
    this.underWay += 1;
    return lane;
  }

  private arrive(lane: Lane): Route {
    const route = lane.route!;
    route.sending -= 1;
    route.host.sending -= 1;
    this.underWay -= 1;
    this.routes.hot.add(route.host);
    return route;
  }

  private accepted(lane: Lane, route: Route): void {
    // A success after a failure clears the failures beside it; others may be statuses that the endpoint cannot handle.
    if (recovered(route.health) || lane.failures > 0) this.release(route);
    lane.delivered = deliveredUpTo(lane.delivered + 1, lane.gaps);
    lane.failures = 0;
    lane.route = undefined;
    lane.state = 'idle';
    if (lane.told > lane.delivered) this.routes.enter(lane, route);
    this.routes.leave(route);
  }

  private failed(
    lane: Lane,
    route: Route,
    { verdict, now, random }: { verdict: Exclude<Verdict, { verdict: 'accepted' }>; now: number; random: number },
  ): void {
    const { pauses } = this.options;
    failedAt(route.health, lane.callId, verdict, { now, random, pauses });
    lane.failures += 1;
    if (isDown(route.health)) return this.routes.enter(lane, route);
    lane.state = 'resting';
    lane.restUntil = now + backoffMs(lane.failures - 1, random, pauses);
    route.resting.add(lane);
  }

  private release(route: Route): void {
    for (const lane of route.resting) this.routes.enter(lane, route);
    route.resting.clear();
  }

  private askClosed(route: Route, now: number): void {
    const [lane] = route.ready;
    if (lane === undefined || now >= opensAt(route.health) || now - route.askedAt < ASK_CLOSED_MS) return;
    route.askedAt = now;
    turn(lane, route);
    // A corrected URL is usually corrected for the others too.
    if (this.options.destinationOf(lane.owner).key !== route.where.key) route.recheck = route.ready.size;
  }
}

/** To the end, so that each is looked up once and tried in turn. */
function turn(lane: Lane, route: Route): void {
  route.ready.delete(lane);
  route.ready.add(lane);
  route.recheck = Math.max(0, route.recheck - 1);
}
