import type { CallEnded, CallRejected } from '@trunkmesh/contracts/call.js';
import { CALLED_NUMBER_SOURCES, type CalledNumberSource, type InboundDecision } from '@trunkmesh/contracts/routing.js';
import { dialledNumbers } from '@trunkmesh/routing/called-number.js';
import { formatE164, NEUTRAL, toE164 } from '@trunkmesh/routing/number-format.js';

/** FreeSWITCH ends a call whose 200 is not acknowledged 32 s after the answer. */
const ACKNOWLEDGED_MS = 40_000;
/** Requests within the dialogue. */
const IN_DIALOGUE = new Set(['recv_bye', 'recv_refer']);

/** A finished call that may prove where its organisation is served from: answered, and the answer acknowledged. */
export interface ProvingCall {
  organization_id: string;
  trunk_id: string;
  number_id: string;
  call_id: string;
  source_address: string;
  ended_at: string;
}

/** `history`: the log had it before evidence was first read from calls. */
export type Age = 'news' | 'history';

export function provingCall(ended: CallEnded, age: Age): ProvingCall | undefined {
  const { direction, organization_id, trunk_id, number_id, call_id, source_address, answered_at, ended_at } =
    ended.data;
  if (direction !== 'inbound' || answered_at === null || !isAcknowledged(ended.data, age)) return undefined;
  if (organization_id === null || trunk_id === null || number_id === null || source_address === null) return undefined;
  return { organization_id, trunk_id, number_id, call_id, source_address, ended_at };
}

/**
 * The agent saw that the ACK had FreeSWITCH's own To tag. Where it did not look nothing is proven: a BYE and an ACK
 * that FreeSWITCH takes can be sent under a foreign source address (ADR 0020). Only of history, written when nobody
 * forged calls for evidence that there was not yet, the end alone is taken, so that what worked goes on to work.
 */
function isAcknowledged(
  { acknowledged, hangup_disposition, billable_ms, reconstructed }: CallEnded['data'],
  age: Age,
): boolean {
  if (acknowledged !== undefined || age === 'news') return acknowledged === true;
  if (IN_DIALOGUE.has(hangup_disposition ?? '')) return true;
  return !reconstructed && billable_ms >= ACKNOWLEDGED_MS;
}

/**
 * Whether the call named its number in full, read without anybody's rules. Of older decisions the deciding source is
 * read again.
 */
export function namedInFull(
  decision: InboundDecision | null,
): decision is Extract<InboundDecision, { outcome: 'route' }> {
  if (decision?.outcome !== 'route') return false;
  if (decision.named_in_full !== undefined) return decision.named_in_full;
  const step = decision.explanation.steps.find(
    ({ source, verdict }) => source === decision.decided_by && verdict === 'decided',
  );
  if (step === undefined || step.raw === null || !isHeader(step.source)) return false;
  return dialledNumbers(step.source, [step.raw]).some(
    ({ text, context }) => formatE164(toE164(text, NEUTRAL, context)) === decision.number,
  );
}

const isHeader = (source: string): source is CalledNumberSource =>
  (CALLED_NUMBER_SOURCES as readonly string[]).includes(source);

/**
 * The number that a refused call named in full in its Request-URI, and where it came from: a carrier writes there what
 * it was dialled for.
 */
export function refusedCall({ data }: CallRejected): { phone_number: string; source_address: string } | undefined {
  const { direction, reason, source_address } = data;
  if (direction !== 'inbound' || reason !== 'unknown-number' || source_address === null) return undefined;
  const number = numberIn(requestUser(data));
  return number === 0 ? undefined : { phone_number: formatE164(number), source_address };
}

function requestUser({ decision, invite }: CallRejected['data']): string {
  const step = decision?.explanation.steps.find(({ source }) => source === 'Request-URI');
  return invite?.request_uri_user ?? step?.raw ?? '';
}

function numberIn(user: string): number {
  const [dialled] = dialledNumbers('Request-URI', [user]);
  return dialled === undefined ? 0 : toE164(dialled.text, NEUTRAL, dialled.context);
}
