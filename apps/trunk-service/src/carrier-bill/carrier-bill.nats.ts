import {
  carrierBillAnswer,
  type CarrierBillAnswer,
  type CarrierBillRequest,
  type Reconciliation,
} from '@trunkmesh/contracts/carrier-bill.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import { CARRIER_BILL } from '@trunkmesh/contracts/subjects.js';
import type { UsageFailure } from '@trunkmesh/contracts/usage-query.js';
import { ask } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { unansweredText } from '../nats/unanswered-text.js';

/** billing-observer answers within four seconds, whatever its answer is. */
const DEADLINE_MS = 5_000;

type Outcome = CarrierBillAnswer['outcome'];
type Answer<Expected extends Outcome> = Extract<CarrierBillAnswer, { outcome: Expected }>;

/** @throws DomainError usage-unavailable, reconciliation-not-found, conflict, quota-exceeded, invalid-request */
export async function askCarrierBill<Expected extends Outcome>(
  nats: NatsLink,
  request: CarrierBillRequest,
  expected: Expected,
): Promise<Answer<Expected>> {
  const answer = await sent(nats, request);
  if (answer.outcome === expected) return answer as Answer<Expected>;
  throw refusalOf(answer);
}

async function sent(nats: NatsLink, request: CarrierBillRequest): Promise<CarrierBillAnswer> {
  try {
    return await ask(nats, {
      subject: CARRIER_BILL,
      request,
      reply: carrierBillAnswer,
      deadlineMs: DEADLINE_MS,
      span: { name: 'carrier-bill' },
    });
  } catch (error) {
    if (error instanceof Unanswered) throw unavailable(unansweredText('billing-observer', error));
    throw error;
  }
}

const unavailable = (what: string) =>
  new DomainError(
    'usage-unavailable',
    `Reconciliations are unavailable. ${what} Calls continue and every one is recorded. Retry in a few seconds; if ` +
      'this persists, check that billing-observer is running and ready.',
  );

export const reconciliationNotFound = () =>
  new DomainError('reconciliation-not-found', 'The organisation has no reconciliation with this id.');

/** @throws DomainError reconciliation-not-found */
export function reconciliationId(text: string): string {
  if (!uuid.safeParse(text).success) throw reconciliationNotFound();
  return text.toLowerCase();
}

function failed({ code, message }: UsageFailure): DomainError {
  if (code === 'archived') return new DomainError('usage-archived', message);
  return code === 'unavailable'
    ? unavailable(`billing-observer reports: ${message}.`)
    : new DomainError('invalid-request', `billing-observer rejects this request: ${message}.`);
}

function refusalOf(answer: CarrierBillAnswer): DomainError {
  switch (answer.outcome) {
    case 'not-found':
      return reconciliationNotFound();
    case 'too-many':
      return new DomainError(
        'quota-exceeded',
        `The organisation has ${answer.most} reconciliations, as many as are kept. Delete one that is not needed.`,
      );
    case 'wrong-state':
      return new DomainError(
        'conflict',
        `The reconciliation has the status "${answer.status}": it takes no more calls.`,
      );
    case 'error':
      return failed(answer);
    case 'reconciliation':
    case 'reconciliations':
    case 'differences':
    case 'done':
      return unavailable('billing-observer sent an answer to another question: check that both run the same version.');
  }
}

export async function getReconciliation(nats: NatsLink, one: { organization_id: string; id: string }) {
  const { reconciliation } = await askCarrierBill(nats, { ask: 'get', ...one }, 'reconciliation');
  return reconciliation satisfies Reconciliation;
}
