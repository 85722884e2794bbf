import { DomainError } from '@trunkmesh/contracts/problem.js';
import { USAGE_EXPORT, USAGE_RECORDS, USAGE_SUMMARY } from '@trunkmesh/contracts/subjects.js';
import {
  usageExportAnswer,
  usageRecordsAnswer,
  usageSummaryAnswer,
  type LedgerEntry,
  type UsageExportAnswer,
  type UsageExportQuery,
  type UsageFailure,
  type UsageRecordsAnswer,
  type UsageRecordsQuery,
  type UsageSummaryAnswer,
  type UsageSummaryQuery,
} from '@trunkmesh/contracts/usage-query.js';
import { ask, type Question } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { z } from 'zod';
import { unansweredText } from '../nats/unanswered-text.js';

/** billing-observer answers within four seconds, whatever its answer is. */
const DEADLINE_MS = 5_000;

type Records = Extract<UsageRecordsAnswer, { outcome: 'records' }>;
type Part = Extract<UsageExportAnswer, { outcome: 'part' }>;
type Summary = Extract<UsageSummaryAnswer, { outcome: 'summary' }>;

/**
 * Entries in parts, each no larger than a message may be, until `query.limit` are there or there are no more.
 *
 * @throws DomainError usage-unavailable, usage-archived
 */
export async function findRecords(nats: NatsLink, query: UsageRecordsQuery): Promise<Omit<Records, 'outcome'>> {
  const records: LedgerEntry[] = [];
  let next: Records['next'] = query.after ?? null;
  let complete_from: Records['complete_from'];
  do {
    const request = { ...query, limit: query.limit - records.length, after: next ?? undefined };
    const answer = await askUsage(nats, { subject: USAGE_RECORDS, request, reply: usageRecordsAnswer });
    if (answer.outcome === 'error') throw failure(answer);
    records.push(...answer.records);
    ({ next, complete_from } = answer);
  } while (next !== null && records.length < query.limit);
  return { records, next, complete_from };
}

/**
 * The next lines of a CSV file, as many as a message holds.
 *
 * @throws DomainError usage-unavailable, usage-archived
 */
export async function exportPart(nats: NatsLink, request: UsageExportQuery): Promise<Part> {
  const answer = await askUsage(nats, { subject: USAGE_EXPORT, request, reply: usageExportAnswer });
  if (answer.outcome === 'error') throw failure(answer);
  return answer;
}

/** @throws DomainError usage-unavailable */
export async function summarizeUsage(nats: NatsLink, request: UsageSummaryQuery): Promise<Summary> {
  const answer = await askUsage(nats, { subject: USAGE_SUMMARY, request, reply: usageSummaryAnswer });
  if (answer.outcome === 'error') throw failure(answer);
  return answer;
}

const unavailable = (what: string) =>
  new DomainError(
    'usage-unavailable',
    `Usage cannot be read. ${what} Calls continue and every one is recorded. Retry in a few seconds; if this ` +
      'persists, check that billing-observer is running and ready.',
  );
export function failure({ code, message }: Pick<UsageFailure, 'code' | 'message'>): DomainError {
  switch (code) {
    case 'unavailable':
      return unavailable(`billing-observer reports: ${message}.`);
    case 'archived':
      return new DomainError('usage-archived', message);
    case 'invalid-request':
      return new DomainError('invalid-request', `billing-observer rejects this request: ${message}.`);
  }
}

export async function askUsage<Reply extends z.ZodType>(
  nats: NatsLink,
  question: Pick<Question<Reply>, 'subject' | 'request' | 'reply'>,
): Promise<z.output<Reply>> {
  try {
    return await ask(nats, { ...question, deadlineMs: DEADLINE_MS, span: { name: 'usage' } });
  } catch (error) {
    if (error instanceof Unanswered) throw unavailable(unansweredText('billing-observer', error));
    throw error;
  }
}
