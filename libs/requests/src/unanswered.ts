/**
 * Why a request over NATS has no usable reply.
 *
 * - `connection-down`: this process has no connection to NATS, or lost it while waiting.
 * - `no-responders`: NATS is there, and nobody subscribes to the subject.
 * - `timed-out`: somebody subscribes and did not reply within the deadline.
 * - `malformed-reply`: the reply does not match its schema.
 */
export type UnansweredReason = 'connection-down' | 'no-responders' | 'timed-out' | 'malformed-reply';

/** A request over NATS without a usable reply. The asker maps it to the refusal that its own clients know. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';

  /**
   * `mayHaveRun`: the request was sent, so the responder may have carried it out. False where it certainly was not.
   */
  constructor(
    readonly reason: UnansweredReason,
    readonly mayHaveRun: boolean,
    options?: ErrorOptions,
  ) {
    super(`no usable reply: ${reason}`, options);
  }
}
