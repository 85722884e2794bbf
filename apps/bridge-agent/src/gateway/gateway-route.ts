import type { Target } from './gateway-address.js';

/**
 * Which of the places that a gateway's name leads to FreeSWITCH sends this gateway's REGISTER and OPTIONS to.
 * FreeSWITCH resolves names itself: the agent's check of one answer says nothing about the next one, which the owner of
 * the name can write as he likes (DNS rebinding). So FreeSWITCH gets the address that was checked, and what RFC 3263
 * leaves to it, going on to the next target when one fails, is done here.
 */
export interface Route {
  target: Target;
  /** Since when the name does not lead there any more; null: it does. */
  goneSince: number | null;
  /** When it last went on to another target because one failed. */
  movedAt: number;
}

/**
 *  Some carriers answer with a few of many addresses, each time others: a registration that works is not moved for
 *  that.
 */
export const GONE_MS = 600_000;
/** Each move replaces the gateway. Where every target fails, not more often than this. */
export const MOVE_AGAIN_MS = 60_000;

const same = (a: Target, b: Target) => a.address === b.address && a.port === b.port;

/** After the name was looked up. */
export function routeAfterAnswer(route: Route | undefined, targets: readonly Target[], now: number): Route | undefined {
  const [first] = targets;
  if (route === undefined) return first && { target: first, goneSince: null, movedAt: -Infinity };
  const leadsThere = targets.some((target) => same(target, route.target));
  if (leadsThere) return route.goneSince === null ? route : { ...route, goneSince: null };
  if (route.goneSince === null) return { ...route, goneSince: now };
  return now - route.goneSince < GONE_MS || first === undefined
    ? route
    : { target: first, goneSince: null, movedAt: now };
}

/** After what was sent there got no usable answer: the next target, if there is another. */
export function routeAfterFailure(route: Route, targets: readonly Target[], now: number): Route {
  if (now - route.movedAt < MOVE_AGAIN_MS) return route;
  const at = targets.findIndex((target) => same(target, route.target));
  const next = targets[(at + 1) % targets.length];
  return next === undefined || same(next, route.target) ? route : { target: next, goneSince: null, movedAt: now };
}

/** The route that a gateway's file has, so that a restart of the agent moves no registration. */
export function routeInFile(xml: string | undefined, targets: readonly Target[]): Route | undefined {
  const uri = /<param name="register-proxy" value="sip:\[?([\da-f.:]+?)\]?(?::(\d+))?;/.exec(xml ?? '');
  const target = targets.find(
    ({ address, port }) => address === uri?.[1] && (port === null || String(port) === uri[2]),
  );
  return target && { target, goneSince: null, movedAt: -Infinity };
}
