import { AsyncLocalStorage } from 'node:async_hooks';

/** Who causes an event, as its envelope names it (contracts/envelope.ts). */
export interface Actor {
  actor: string;
  actoraddress?: string;
}

const SYSTEM: Actor = { actor: 'system' };
const requests = new AsyncLocalStorage<() => Actor>();

/** Everything that `work` starts acts for the actor, who is asked for when an event is written. */
export const actingFor = <R>(actor: () => Actor, work: () => R): R => requests.run(actor, work);

/** What no request caused, the service itself did. */
export const currentActor = (): Actor => requests.getStore()?.() ?? SYSTEM;
