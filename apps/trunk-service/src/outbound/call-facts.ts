import { callAnswered, callEnded } from '@trunkmesh/contracts/call.js';
import { bridgeId, uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';

/** What the events of an outbound call say of its row. */
export interface CallFacts {
  call_id: string;
  organization_id: string;
  bridge_id: string;
  answered_at: string | null;
  ended_at: string | null;
  billable_ms: number;
}

/** Also of a later version's types: they say which bridge has the call. */
const outboundEvent = z.object({
  type: z.string(),
  data: z.object({
    call_id: uuid,
    organization_id: uuid,
    bridge_id: bridgeId,
    direction: z.literal('outbound'),
  }),
});

/** One entry a call, the events in their order; what is no event of an outbound call on a bridge is left out. */
export function callFacts(events: readonly unknown[]): CallFacts[] {
  const facts = new Map<string, CallFacts>();
  for (const event of events) {
    const parsed = outboundEvent.safeParse(event);
    if (!parsed.success) continue;
    const { call_id, organization_id, bridge_id } = parsed.data.data;
    const before = facts.get(call_id) ?? NOTHING;
    facts.set(call_id, { ...before, call_id, organization_id, bridge_id, ...factsOf(event) });
  }
  return [...facts.values()];
}

const NOTHING = { answered_at: null, ended_at: null, billable_ms: 0 };

function factsOf(event: unknown): Partial<CallFacts> {
  const ended = callEnded.safeParse(event).data;
  if (ended !== undefined) {
    const { answered_at, ended_at, billable_ms } = ended.data;
    return { answered_at, ended_at, billable_ms };
  }
  const answered = callAnswered.safeParse(event).data;
  return answered === undefined ? {} : { answered_at: answered.data.answered_at };
}
