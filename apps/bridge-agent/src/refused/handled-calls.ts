const KEPT_CALL_IDS = 20_000;

/**
 * SIP Call-IDs that reached the agent, whose outcome is in the call log. Bounded, because the response to an INVITE
 * comes within seconds.
 */
export class HandledCalls {
  private readonly callIds = new Set<string>();

  add(sipCallId: string): void {
    this.callIds.delete(sipCallId);
    this.callIds.add(sipCallId);
    if (this.callIds.size <= KEPT_CALL_IDS) return;
    for (const oldest of this.callIds) {
      this.callIds.delete(oldest);
      break;
    }
  }

  has(sipCallId: string): boolean {
    return this.callIds.has(sipCallId);
  }
}
