/**
 * SIP Call-IDs that reached the agent, whose outcome is in the call log. Bounded, because the response to an INVITE
 * comes within seconds.
 */
export interface HandledCalls {
  add(sipCallId: string): void;
  has(sipCallId: string): boolean;
}

const KEPT = 20_000;

export function createHandledCalls(): HandledCalls {
  const known = new Set<string>();
  return {
    add(sipCallId) {
      known.delete(sipCallId);
      known.add(sipCallId);
      if (known.size > KEPT) known.delete(known.values().next().value!);
    },
    has: (sipCallId) => known.has(sipCallId),
  };
}
