import { answeredTrunksAnswer, type AnsweredTrunksQuery } from '@trunkmesh/contracts/answered-trunks.js';
import { USAGE_ANSWERED_TRUNKS, USAGE_EXPORT, USAGE_RECORDS, USAGE_SUMMARY } from '@trunkmesh/contracts/subjects.js';
import { usageExportAnswer, type UsageExportAnswer, type UsageExportQuery } from '@trunkmesh/contracts/usage-export.js';
import {
  usageRecordsAnswer,
  usageSummaryAnswer,
  type LedgerEntry,
  type UsageRecordsAnswer,
  type UsageRecordsQuery,
  type UsageSummaryAnswer,
  type UsageSummaryQuery,
} from '@trunkmesh/contracts/usage-query.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { observerOf } from '../nats/observer.nats.js';

export const usageObserver = observerOf({
  code: 'usage-unavailable',
  cannot: 'Usage cannot be read.',
  meanwhile: 'Calls continue and every one is recorded.',
  span: 'usage',
});

type Records = Extract<UsageRecordsAnswer, { outcome: 'records' }>;
export type Part = Extract<UsageExportAnswer, { outcome: 'part' }> & { lines: readonly Uint8Array[] };
type Summary = Extract<UsageSummaryAnswer, { outcome: 'summary' }>;

/**
 * Entries in parts, each no larger than a message may be, until `query.limit` are there or there are no more.
 *
 * @throws DomainError usage-unavailable, usage-archived
 */
export async function findRecords(nats: NatsLink, query: UsageRecordsQuery): Promise<Omit<Records, 'outcome'>> {
  const records: LedgerEntry[] = [];
  let next: Records['next'] = query.after ?? null;
  let facts: Pick<Records, 'complete_from' | 'incomplete' | 'gap_accepted'>;
  do {
    const request = { ...query, limit: query.limit - records.length, after: next ?? undefined };
    const answer = await usageObserver.ask(nats, { subject: USAGE_RECORDS, request, reply: usageRecordsAnswer });
    if (answer.outcome === 'error') throw usageObserver.failure(answer);
    const { outcome: _outcome, records: found, next: more, ...rest } = answer;
    records.push(...found);
    next = more;
    facts = rest;
  } while (next !== null && records.length < query.limit);
  return { records, next, ...facts };
}

const LINE_FEED = 10;
const headOf = (bytes: Uint8Array) => {
  const end = bytes.indexOf(LINE_FEED);
  return end < 0 ? bytes : bytes.subarray(0, end);
};

/**
 * The next lines of a CSV file, as many as billing-observer makes at once.
 *
 * @throws DomainError usage-unavailable, usage-archived
 */
export async function exportPart(nats: NatsLink, query: UsageExportQuery): Promise<Part> {
  const { reply, message, pieces } = await usageObserver.askInPieces(nats, {
    subject: USAGE_EXPORT,
    request: { ...query, in_pieces: true },
    reply: usageExportAnswer,
    head: headOf,
    piecesOf: (answer) => (answer.outcome === 'part' ? answer.pieces : 0),
  });
  if (reply.outcome === 'error') throw usageObserver.failure(reply);
  if (pieces.length > 0) return { ...reply, lines: pieces };
  const head = headOf(message);
  // An older version has the lines within the JSON.
  if (head.length === message.length) throw usageObserver.otherAnswer();
  return { ...reply, lines: [message.subarray(head.length + 1)] };
}

/** @throws DomainError usage-unavailable */
export async function summarizeUsage(nats: NatsLink, request: UsageSummaryQuery): Promise<Summary> {
  const answer = await usageObserver.ask(nats, { subject: USAGE_SUMMARY, request, reply: usageSummaryAnswer });
  if (answer.outcome === 'error') throw usageObserver.failure(answer);
  return answer;
}

/**
 * The trunks that had an answered call since the day `from`.
 *
 * @throws DomainError usage-unavailable
 */
export async function answeredTrunks(nats: NatsLink, of: Omit<AnsweredTrunksQuery, 'after'>): Promise<string[]> {
  const trunks: string[] = [];
  let after: AnsweredTrunksQuery['after'];
  do {
    const request = { ...of, after };
    const answer = await usageObserver.ask(nats, {
      ...{ subject: USAGE_ANSWERED_TRUNKS, request },
      reply: answeredTrunksAnswer,
    });
    if (answer.outcome === 'error') throw usageObserver.failure(answer);
    trunks.push(...answer.trunk_ids);
    after = answer.next ?? undefined;
  } while (after !== undefined);
  return trunks;
}
