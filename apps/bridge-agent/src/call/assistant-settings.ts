/** Where the assistants of this host's calls are, as the operator set it for all of them. */
export interface AssistantSettings {
  mediaUrl: string;
  prewarmUrl: string | undefined;
  /** Signs streams and prewarms. */
  streamSecret: string | undefined;
  /** From the routed INVITE to the connected stream; a call whose assistant takes longer is refused. */
  answerDeadlineMs: number;
  maxCallSeconds: number;
  /** UDP on the loopback, two a call. */
  audioPorts: { first: number; last: number };
}
