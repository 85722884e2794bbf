import { DomainError } from '@trunkmesh/contracts/problem.js';
import { RateWindow } from '../access/rate-window.js';

const A_MINUTE = 10;
const WINDOW_MS = 60_000;
/** A test lasts up to twenty seconds. */
const BUSY_RETRY_S = 10;

/** What one copy of the service lets an organisation test; a bridge has its own ceiling. */
export class TestLimits {
  private readonly window = new RateWindow(A_MINUTE, WINDOW_MS);
  private readonly going = new Set<string>();

  /** @throws DomainError too-many-requests */
  async run<Result>(organizationId: string, now: number, test: () => Promise<Result>): Promise<Result> {
    if (this.going.has(organizationId))
      throw tooMany('A test of this organisation is running. Retry when it has ended.', BUSY_RETRY_S);
    const taken = this.window.take(organizationId, now);
    if (!taken.within)
      throw tooMany(
        `Too many tests: the limit is ${A_MINUTE} a minute for each organisation. Nothing was sent.`,
        Math.ceil(taken.retryMs / 1_000),
      );
    this.going.add(organizationId);
    try {
      return await test();
    } finally {
      this.going.delete(organizationId);
    }
  }
}

export const tooMany = (detail: string, retry_after_seconds: number): DomainError =>
  new DomainError('too-many-requests', detail, [], { retry_after_seconds });
