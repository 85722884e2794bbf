import type { Target } from './gateway-address.js';

/**
 * Chooses the target of a gateway's host name to which FreeSWITCH sends this gateway's REGISTER and OPTIONS. If
 * FreeSWITCH resolved the name itself, the owner of the name could return another address after the agent's check (DNS
 * rebinding). So FreeSWITCH gets the checked address, and the agent moves on to the next target when one fails (RFC
 * 3263).
 */
export interface Route {
  target: Target;
  /** Since when the name no longer resolves to this target; null while it does. */
  goneSince: number | null;
  /** When it last moved to another target because one failed. */
  movedAt: number;
}

/**
 * Some carriers return a few of many addresses, different ones each time: a working registration is not moved because
 * of that.
 */
export const GONE_MS = 600_000;
/** Each move replaces the gateway. If every target fails, moves are at least this far apart. */
export const MOVE_AGAIN_MS = 60_000;

const same = (a: Target, b: Target) => a.address === b.address && a.port === b.port;

/** Applies a new lookup of the name. */
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

/** Moves to the next target, if there is one, after the current one gave no usable answer. */
export function routeAfterFailure(route: Route, targets: readonly Target[], now: number): Route {
  if (now - route.movedAt < MOVE_AGAIN_MS) return route;
  const at = targets.findIndex((target) => same(target, route.target));
  const next = targets[(at + 1) % targets.length];
  return next === undefined || same(next, route.target) ? route : { target: next, goneSince: null, movedAt: now };
}

/** Reads the route from a gateway's file, so that a restart of the agent moves no registration. */
export function routeInFile(xml: string | undefined, targets: readonly Target[]): Route | undefined {
  const uri = /<param name="register-proxy" value="sip:(?<host>\[[^\]]+\]|[^:;]+)(?::(?<port>\d+))?;(?<more>[^"]*)/;
  const { host = '', port: inUri, more = '' } = uri.exec(xml ?? '')?.groups ?? {};
  const sentTo = (/;maddr=([^;]+)/.exec(more)?.[1] ?? host).replace(/^\[|\]$/g, '');
  const target = targets.find(({ address, port }) => address === sentTo && (port === null || String(port) === inUri));
  return target && { target, goneSince: null, movedAt: -Infinity };
}
