/** `CallLogOptions` of call-log/call-log.controller.ts. */
export const CALL_LOG = Symbol('CALL_LOG');
/** `AnsweringOptions` of answering.nats.ts, for usage/answers/usage-answers.controller.ts. */
export const USAGE_ANSWERS = Symbol('USAGE_ANSWERS');
/** `AnsweringOptions` of answering.nats.ts, for rate-deck/rate-deck.controller.ts. */
export const RATE_DECK_ANSWERS = Symbol('RATE_DECK_ANSWERS');
/** `AnsweringOptions` of answering.nats.ts, for carrier-bill/carrier-bill.controller.ts. */
export const CARRIER_BILL_ANSWERS = Symbol('CARRIER_BILL_ANSWERS');
