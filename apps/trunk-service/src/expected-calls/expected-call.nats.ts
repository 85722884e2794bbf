import { Inject, Injectable } from '@nestjs/common';
import { EXPECTED_CALL_MS, expectedCall, type ExpectedCall } from '@trunkmesh/contracts/expected-call.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { EXPECTED_CALLS_BUCKET, expectedCallKey } from '@trunkmesh/contracts/subjects.js';
import { openBucket } from '@trunkmesh/event-log/bucket.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { connectionOf } from '../nats/connection.nats.js';
import { NATS } from '../tokens.js';
import type { ExpectCallBody } from './expected-call-view.js';

/** Who waits for a call: in a bucket, which the bridges read too, and which forgets. */
@Injectable()
export class ExpectedCalls {
  constructor(
    @Inject(NATS) readonly nats: NatsLink,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** From now on, also where the organisation waits already. @throws DomainError log-unavailable */
  async open(of: { organization_id: string; trunk_id: string }, { echo, from }: ExpectCallBody): Promise<ExpectedCall> {
    const now = Date.now();
    const expected: ExpectedCall = {
      ...of,
      opened_at: new Date(now).toISOString(),
      expires_at: new Date(now + EXPECTED_CALL_MS).toISOString(),
      echo,
      from,
    };
    await this.bucket().put(keyOf(of), expected).catch(unavailable);
    return expected;
  }

  /** Waits no longer; what arrived can still be read. @throws DomainError as `find` */
  async close(of: { organization_id: string; trunk_id: string }): Promise<void> {
    const expected = await this.find(of);
    const now = new Date().toISOString();
    if (expected.expires_at > now)
      await this.bucket()
        .put(keyOf(of), { ...expected, expires_at: now })
        .catch(unavailable);
  }

  /** @throws DomainError expected-call-not-found, log-unavailable */
  async find(of: { organization_id: string; trunk_id: string }): Promise<ExpectedCall> {
    const found = await this.bucket().get(keyOf(of)).catch(unavailable);
    if (found !== undefined) return found;
    throw new DomainError('expected-call-not-found', 'Nobody waits for a call on this trunk. POST here to begin.');
  }

  private bucket() {
    return openBucket(connectionOf(this.nats), {
      name: EXPECTED_CALLS_BUCKET,
      schema: expectedCall,
      logger: this.logger,
    });
  }
}

const keyOf = ({ organization_id, trunk_id }: { organization_id: string; trunk_id: string }): string =>
  expectedCallKey(organization_id, trunk_id);

function unavailable(): never {
  throw new DomainError('log-unavailable', 'JetStream does not answer. Retry in a few seconds.');
}
