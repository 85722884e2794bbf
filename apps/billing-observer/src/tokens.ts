/** `OwnNatsLink`: the one connection to NATS. */
export const NATS = Symbol('NATS');
/** `CallLogOptions` of call-log/call-log.controller.ts. */
export const CALL_LOG = Symbol('CALL_LOG');
