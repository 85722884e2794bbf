/** `OwnNatsLink`: the one connection to NATS. */
export const NATS = Symbol('NATS');
