import { DomainError } from '@trunkmesh/contracts/problem.js';
import { bridgeRequest } from '@trunkmesh/contracts/subjects.js';
import {
  TRUNK_TEST_DEADLINE_MS,
  trunkTestAnswer,
  type TrunkCheck,
  type TrunkTestRequest,
} from '@trunkmesh/contracts/trunk-test.js';
import { ask } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { unansweredText } from '../nats/unanswered-text.js';
import { tooMany } from './test-limits.pg.js';

const BUSY_RETRY_S = 10;

/** @throws DomainError bridge-unavailable, too-many-requests */
export async function askForTest(nats: NatsLink, bridge: string, request: TrunkTestRequest): Promise<TrunkCheck[]> {
  const answer = await ask(nats, {
    subject: bridgeRequest(bridge, 'diagnose'),
    request,
    reply: trunkTestAnswer,
    deadlineMs: TRUNK_TEST_DEADLINE_MS + 2_000,
    span: { name: 'trunk.test', attributes: { 'bridge.id': bridge } },
  }).catch((error: unknown) => {
    if (!(error instanceof Unanswered)) throw error;
    throw unavailable(`${unansweredText(`bridge ${bridge}`, error)} No trunk was changed; test again.`);
  });
  if (answer.outcome === 'done') return answer.checks;
  if (answer.code === 'too-many-tests') throw tooMany(answer.message, BUSY_RETRY_S);
  throw unavailable(`Bridge ${bridge} did not run the test: ${answer.message}`);
}

export const unavailable = (detail: string): DomainError => new DomainError('bridge-unavailable', detail);
