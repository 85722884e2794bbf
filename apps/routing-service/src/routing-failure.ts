import type { RoutingFailure } from '@trunkmesh/contracts/routing.js';
import { InvalidRequest } from '@trunkmesh/requests/request.pipe.js';

/** The refusal of a request that cannot be read. Everything else is a fault, and reported as one. */
export function refusalOf(error: unknown): RoutingFailure {
  if (!(error instanceof InvalidRequest)) throw error;
  return { outcome: 'error', code: 'invalid-request', message: error.message };
}
