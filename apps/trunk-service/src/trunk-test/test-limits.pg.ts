import { DomainError } from '@trunkmesh/contracts/problem.js';
import { uuidv7 } from 'uuidv7';
import type { EventStore } from '../event-store/event-store.pg.js';

const A_MINUTE = 10;
/** A test lasts up to twenty seconds. */
const BUSY_RETRY_S = 10;
/** Longer than a test: of a process that was killed during one. */
const LEASE = `interval '30 seconds'`;

const END = 'update test_runs set busy_until = null where id = $1';
const FORGET = 'delete from test_runs where id = $1';

/** Each kind is counted by itself. */
export type TestKind = 'trunk' | 'notification';

interface Runs {
  busy: boolean;
  recent: number;
  retry_seconds: number;
}

/** What all copies of the service together let an organisation test; a bridge has its own ceiling. */
export class TestLimits {
  constructor(
    private readonly store: EventStore,
    private readonly kind: TestKind,
  ) {}

  /**
   * `counts`: whether a test that failed this way is one of those a minute. Default: each does.
   *
   * @throws DomainError too-many-requests
   */
  async run<Result>(
    organizationId: string,
    test: () => Promise<Result>,
    counts: (error: unknown) => boolean = () => true,
  ): Promise<Result> {
    const id = await this.begin(organizationId);
    let ended = END;
    try {
      return await test();
    } catch (error) {
      if (!counts(error)) ended = FORGET;
      throw error;
    } finally {
      await this.end(ended, id);
    }
  }

  private begin(organizationId: string): Promise<string> {
    const id = uuidv7();
    const of = [organizationId, this.kind];
    return this.store.transaction(async (manager) => {
      await manager.query(`select pg_advisory_xact_lock(hashtextextended($1::text || ' ' || $2::text, 0))`, [
        `tests ${this.kind}`,
        organizationId,
      ]);
      await manager.query(
        `delete from test_runs where organization_id = $1 and kind = $2
           and greatest(began_at + interval '1 minute', busy_until) < clock_timestamp()`,
        of,
      );
      const [runs] = (await manager.query(
        `select coalesce(bool_or(busy_until > clock_timestamp()), false) as busy,
           count(*) filter (where began_at > clock_timestamp() - interval '1 minute')::int as recent,
           greatest(1, ceil(extract(epoch from
             min(began_at) + interval '1 minute' - clock_timestamp())))::int as retry_seconds
         from test_runs where organization_id = $1 and kind = $2`,
        of,
      )) as [Runs];
      refuseOver(runs);
      await manager.query(
        `insert into test_runs (id, organization_id, kind, began_at, busy_until)
         values ($3, $1, $2, clock_timestamp(), clock_timestamp() + ${LEASE})`,
        [...of, id],
      );
      return id;
    });
  }

  /** Where the database is unavailable now, the lease ends by itself. */
  private async end(statement: string, id: string): Promise<void> {
    await this.store
      .query(statement, [id])
      .catch((error: unknown) => this.store.logger.warn({ err: error }, 'cannot note the end of a test'));
  }
}

function refuseOver({ busy, recent, retry_seconds }: Runs): void {
  if (busy) throw tooMany('A test of this organisation is running. Retry when it has ended.', BUSY_RETRY_S);
  if (recent >= A_MINUTE)
    throw tooMany(
      `Too many tests: the limit is ${A_MINUTE} a minute for each organisation. Nothing was sent.`,
      retry_seconds,
    );
}

const tooMany = (detail: string, retry_after_seconds: number): DomainError =>
  new DomainError('too-many-requests', detail, [], { retry_after_seconds });
