/**
 *  What the operator set for all calls of this host. An organisation or a number may have settings of its own
 *  (call-treatment.ts).
 */
export interface AssistantSettings {
  /** Undefined: whoever has no media URL of its own hears itself. */
  mediaUrl: string | undefined;
  prewarmUrl: string | undefined;
  statusUrl: string | undefined;
  /** Signs what goes to these URLs, and nothing that goes to a customer's. */
  streamSecret: string | undefined;
  /** From the routed INVITE to the connected stream; a call whose assistant takes longer is refused. */
  answerDeadlineMs: number;
  maxCallSeconds: number;
  record: boolean;
  /** Whether URLs that customers wrote may lead into a private network. */
  allowPrivateUrls: boolean;
  /** UDP on the loopback, two a call. */
  audioPorts: { first: number; last: number };
}
