import { DomainError } from '@trunkmesh/contracts/problem.js';
import { USAGE_STATEMENT, USAGE_STATEMENTS } from '@trunkmesh/contracts/subjects.js';
import {
  usageStatementAnswer,
  usageStatementsAnswer,
  type StatementHead,
  type UsageStatement,
  type UsageStatementQuery,
} from '@trunkmesh/contracts/usage-statement.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { usageObserver } from './usage.nats.js';

/** @throws DomainError usage-unavailable */
export async function listStatements(nats: NatsLink, organization_id: string): Promise<StatementHead[]> {
  const request = { organization_id };
  const answer = await usageObserver.ask(nats, { subject: USAGE_STATEMENTS, request, reply: usageStatementsAnswer });
  if (answer.outcome === 'error') throw usageObserver.failure(answer);
  return answer.statements;
}

/** @throws DomainError usage-unavailable, statement-not-found */
export async function findStatement(nats: NatsLink, request: UsageStatementQuery): Promise<UsageStatement> {
  const answer = await usageObserver.ask(nats, { subject: USAGE_STATEMENT, request, reply: usageStatementAnswer });
  if (answer.outcome === 'error') throw usageObserver.failure(answer);
  if (answer.outcome === 'no-statement')
    throw new DomainError('statement-not-found', `There is no statement for ${request.month}: see the list of months.`);
  return answer.statement;
}
