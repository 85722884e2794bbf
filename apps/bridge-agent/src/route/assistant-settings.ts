/**
 * The operator's settings for all calls of this host. An organisation or a number may have its own (call-treatment.ts).
 */
export interface AssistantSettings {
  /** Undefined: callers without another media URL hear an echo. */
  mediaUrl: string | undefined;
  prewarmUrl: string | undefined;
  statusUrl: string | undefined;
  /** Signs requests to these URLs, and never requests to a customer's URL. */
  streamSecret: string | undefined;
  /** From the routed INVITE to the connected stream; a call whose assistant takes longer is refused. */
  answerDeadlineMs: number;
  maxCallSeconds: number;
  record: boolean;
  /** Whether URLs that customers set may resolve to private addresses. */
  allowPrivateUrls: boolean;
  /** UDP ports on the loopback, two per call. */
  audioPorts: { first: number; last: number };
}
