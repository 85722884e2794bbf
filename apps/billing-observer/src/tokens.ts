/** `CallLogOptions` of call-log/call-log.controller.ts. */
export const CALL_LOG = Symbol('CALL_LOG');
