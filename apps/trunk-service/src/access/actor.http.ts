import type { NextFunction, Request, Response } from 'express';
import { actingFor, type Actor } from '../event-store/actor.process.js';

/**
 * Events of this request name its caller. The guard finds out later who that is, so the request is asked when an event
 * is written.
 */
export function actForRequest(request: Request, _response: Response, next: NextFunction): void {
  actingFor(() => actorOf(request), next);
}

function actorOf({ caller, ip }: Request): Actor {
  const address = ip?.replace(/^::ffff:(?=[\d.]+$)/, '');
  return {
    actor: caller === undefined ? 'system' : (caller.keyId ?? 'bootstrap'),
    ...(address === undefined ? {} : { actoraddress: address }),
  };
}
