import {
  carrierBillAnswer,
  type CarrierBillAnswer,
  type CarrierBillRequest,
  type Reconciliation,
} from '@trunkmesh/contracts/carrier-bill.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import { CARRIER_BILL } from '@trunkmesh/contracts/subjects.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { observerOf } from '../nats/observer.nats.js';

const observer = observerOf({
  code: 'usage-unavailable',
  cannot: 'Reconciliations are unavailable.',
  meanwhile: 'Calls continue and every one is recorded.',
  span: 'carrier-bill',
});

type Outcome = CarrierBillAnswer['outcome'];
type Answer<Expected extends Outcome> = Extract<CarrierBillAnswer, { outcome: Expected }>;

/** @throws DomainError usage-unavailable, reconciliation-not-found, conflict, quota-exceeded, invalid-request */
export async function askCarrierBill<Expected extends Outcome>(
  nats: NatsLink,
  request: CarrierBillRequest,
  expected: Expected,
): Promise<Answer<Expected>> {
  const answer = await observer.ask(nats, { subject: CARRIER_BILL, request, reply: carrierBillAnswer });
  if (answer.outcome === expected) return answer as Answer<Expected>;
  throw refusalOf(answer);
}

export const reconciliationNotFound = () =>
  new DomainError('reconciliation-not-found', 'The organisation has no reconciliation with this id.');

/** @throws DomainError reconciliation-not-found */
export function reconciliationId(text: string): string {
  if (!uuid.safeParse(text).success) throw reconciliationNotFound();
  return text.toLowerCase();
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
      return observer.failure(answer);
    case 'reconciliation':
    case 'reconciliations':
    case 'differences':
    case 'done':
      return observer.otherAnswer();
  }
}

export async function getReconciliation(nats: NatsLink, one: { organization_id: string; id: string }) {
  const { reconciliation } = await askCarrierBill(nats, { ask: 'get', ...one }, 'reconciliation');
  return reconciliation satisfies Reconciliation;
}
