import { Inject, Injectable } from '@nestjs/common';
import { openBucket } from '@trunkmesh/event-log/bucket.nats.js';
import { gatewayStatus, type GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { GATEWAYS_BUCKET, gatewaysOfOrganization, gatewaysOfTrunk } from '@trunkmesh/contracts/subjects.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { LOGGER } from '@trunkmesh/runtime/service.module.js';
import { connectionOf } from '../nats/connection.nats.js';
import { NATS } from '../tokens.js';

/** JetStream answers within milliseconds, or it is down. */
const DEADLINE_MS = 2_000;

/** What the bridges say of an organisation's gateways, as it comes. */
export interface FollowedStatuses {
  of(trunkId: string): GatewayStatus[];
  /** Everything that was there has come. */
  readonly complete: () => boolean;
  stop(): Promise<void>;
}

/**
 * Read from the bucket when somebody asks: a hundred thousand gateways are not kept in every instance's memory for
 * that.
 */
@Injectable()
export class GatewayStatuses {
  constructor(
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws DomainError log-unavailable */
  async ofTrunk(organizationId: string, trunkId: string): Promise<GatewayStatus[]> {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    // The reading ends with the deadline: one for each question that was asked during an outage would be left
    // otherwise.
    const entries = await this.bucket()
      .list(gatewaysOfTrunk(organizationId, trunkId), deadline)
      .catch((error: unknown) => {
        if (deadline.aborted)
          throw new DomainError(
            'log-unavailable',
            'Bridge status is unavailable: NATS does not answer. Calls and changes continue.',
          );
        throw error;
      });
    return [...entries.values()];
  }

  follow(organizationId: string, onChange: () => void): FollowedStatuses {
    const byTrunk = new Map<string, Map<string, GatewayStatus>>();
    let complete = false;
    const keep = (key: string, status?: GatewayStatus) => {
      const [, trunk = '', bridge = ''] = key.split('.');
      const bridges = byTrunk.get(trunk) ?? new Map<string, GatewayStatus>();
      byTrunk.set(trunk, bridges);
      if (status) bridges.set(bridge, status);
      else bridges.delete(bridge);
      onChange();
    };
    const watch = this.bucket().watch({
      keys: gatewaysOfOrganization(organizationId),
      onPut: keep,
      onDelete: (key) => keep(key),
      onCaughtUp: () => {
        complete = true;
        onChange();
      },
      onReset: () => byTrunk.clear(),
    });
    return {
      of: (trunkId) => [...(byTrunk.get(trunkId)?.values() ?? [])],
      complete: () => complete,
      stop: () => watch.stop(),
    };
  }

  private bucket() {
    return openBucket(connectionOf(this.nats), { name: GATEWAYS_BUCKET, schema: gatewayStatus, logger: this.logger });
  }
}
