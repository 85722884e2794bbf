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

const BUSY_RETRY_S = 10;

/** Nothing was sent to the carrier. */
export class TestNotBegun extends DomainError {}
/** Not even a bridge has the request. */
export class BridgeNotReached extends TestNotBegun {}

/** @throws DomainError bridge-unavailable, too-many-requests; where the bridge certainly did nothing `TestNotBegun` */
export async function askForTest(nats: NatsLink, bridge: string, request: TrunkTestRequest): Promise<TrunkCheck[]> {
  const answer = await ask(nats, {
    subject: bridgeRequest(bridge, 'diagnose'),
    request,
    reply: trunkTestAnswer,
    deadlineMs: TRUNK_TEST_DEADLINE_MS + 2_000,
    span: { name: 'trunk.test', attributes: { 'bridge.id': bridge } },
  }).catch((error: unknown) => {
    if (!(error instanceof Unanswered)) throw error;
    const text = `${unansweredText(`bridge ${bridge}`, error)} No trunk was changed; test again.`;
    throw error.mayHaveRun ? unavailable(text) : new BridgeNotReached('bridge-unavailable', text);
  });
  if (answer.outcome === 'done') return answer.checks;
  if (answer.code === 'too-many-tests')
    throw new TestNotBegun('too-many-requests', answer.message, [], { retry_after_seconds: BUSY_RETRY_S });
  const text = `Bridge ${bridge} did not run the test: ${answer.message}`;
  // What it could not read it did not begin; where it failed it may have.
  throw answer.code === 'invalid-request' ? new TestNotBegun('bridge-unavailable', text) : unavailable(text);
}

const unavailable = (detail: string): DomainError => new DomainError('bridge-unavailable', detail);
