import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { Request } from 'express';
import type { EntityManager } from 'typeorm';
import { transact, type TransactOptions, type Work } from '../event-store/handle.pg.js';
import type { Queryable } from '../event-store/read-model.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { IdempotencyKeyRow } from './idempotency-key-row.pg.js';

/** What a creation answers; `body` must hold no secret where it is stored, see `stored`. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

/** A creation's `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) and what was sent with it. */
export interface IdempotencyKey {
  organizationId: string;
  key: string;
  /** In pieces: an import has megabytes. */
  request: Iterable<string>;
}

/** By PostgreSQL's clock: those of the copies may differ, and a key must have one age. */
const EXPIRED = `created_at <= now() - interval '24 hours'`;
const PRIMARY_KEY = 'idempotency_keys_pk';

/** Undefined: the client sent none. */
export function idempotencyKeyOf(request: Request, organizationId: string): IdempotencyKey | undefined {
  const header = request.header('Idempotency-Key');
  if (header === undefined) return undefined;
  // The draft makes it a structured-field string, in quotes; most clients send it bare.
  const key = header.trim().replace(/^"(.*)"$/, '$1');
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new DomainError(
      'invalid-request',
      'The header Idempotency-Key must have 1 to 255 printable characters without spaces, for example a UUID.',
    );
  // With the query: an import that skips duplicates is another one than one that updates them.
  return { organizationId, key, request: textOf(request) };
}

const PIECE = 65_536;

/** The method, the path with its query, and the body as JSON. */
function* textOf({ method, originalUrl, body }: Request): Generator<string> {
  yield `${method} ${originalUrl}\n`;
  if (Array.isArray(body)) {
    yield '[';
    for (const [index, value] of body.entries()) yield `${index === 0 ? '' : ','}${JSON.stringify(value)}`;
    yield ']';
  } else if (typeof body === 'string') {
    yield '"';
    for (let from = 0; from < body.length;) {
      // Both halves of a pair together: one alone is written in another way.
      const to = from + PIECE + (/[\ud800-\udbff]/.test(body.charAt(from + PIECE - 1)) ? 1 : 0);
      yield JSON.stringify(body.slice(from, to)).slice(1, -1);
      from = to;
    }
    yield '"';
  } else yield JSON.stringify(body) ?? '';
}

/**
 * A creation, done once: the answer is stored in the transaction of its events, so that a crash neither loses it nor
 * does the work twice. `plan` gives the answer;
 * `stored`, where the answer shows a secret, what is kept of it.
 */
export function createOnce(
  store: EventStore,
  key: IdempotencyKey | undefined,
  plan: (work: Work) => Promise<Answer>,
  options: TransactOptions & { stored?: (body: unknown) => unknown } = {},
): Promise<Answer> {
  if (key === undefined) return transact(store, plan, options);
  const { stored = (body) => body, retryOn = [] } = options;
  const fingerprinted = store.fingerprint(key.request);
  return transact(
    store,
    async (work) => {
      const taken: TakenKey = { ...key, fingerprint: await fingerprinted };
      const before = await recall(work.manager, taken);
      if (before !== undefined) return before;
      const answer = await plan(work);
      await work.flush();
      await remember(work.manager, taken, { ...answer, body: stored(answer.body) });
      return answer;
      // Both took the key at the same moment: the second one does it again and finds the first one's answer.
    },
    { retryOn: [...retryOn, PRIMARY_KEY] },
  ).catch(async (error: unknown) => {
    // The first one may have ended between this one's look at the keys and its lock: what it made is in the way now.
    const answered = isAboutKey(error) ? undefined : await answerOf(store, key, await fingerprinted);
    if (answered === undefined) throw error;
    return answered;
  });
}

const isAboutKey = (error: unknown): boolean =>
  !(error instanceof DomainError) || error.code.startsWith('idempotency-key-');

async function answerOf(
  store: EventStore,
  { organizationId, key }: IdempotencyKey,
  fingerprint: Buffer,
): Promise<Answer | undefined> {
  const [row] = await store.query<StoredAnswer>(
    `select k.fingerprint, k.status, k.headers, k.body from idempotency_keys k
     where k.organization_id = $1::uuid and k.key = $2 and not ${EXPIRED}`,
    [organizationId, key],
  );
  return row?.fingerprint.equals(fingerprint) === true ? replayed(row) : undefined;
}

interface StoredAnswer {
  fingerprint: Buffer;
  status: number;
  headers: Record<string, string>;
  body: string;
}

const replayed = ({ status, headers, body }: Omit<StoredAnswer, 'fingerprint'>): Answer => ({
  status,
  headers: { ...headers, 'Idempotency-Replayed': 'true' },
  body: JSON.parse(body),
});

type TakenKey = IdempotencyKey & { fingerprint: Buffer };

async function recall(
  transaction: Queryable,
  { organizationId, key, fingerprint }: TakenKey,
): Promise<Answer | undefined> {
  const [row] = (await transaction.query(
    `
    with lock as materialized (select pg_try_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0)) as mine)
    select lock.mine, k.fingerprint, k.status, k.headers, k.body
    from lock left join idempotency_keys k on k.organization_id = $1::uuid and k.key = $2 and not ${EXPIRED}`,
    [organizationId, key],
  )) as { mine: boolean; fingerprint: Buffer | null; status: number; headers: Record<string, string>; body: string }[];
  if (row === undefined || !row.mine) {
    throw new DomainError(
      'idempotency-key-in-progress',
      'The first request with this Idempotency-Key is still being worked on. Ask again in a second.',
    );
  }
  if (row.fingerprint === null) return undefined;
  if (!row.fingerprint.equals(fingerprint)) {
    throw new DomainError(
      'idempotency-key-reused',
      'This Idempotency-Key was used for another request within the last 24 hours. Use a new key for a new request.',
    );
  }
  return replayed(row);
}

async function remember(
  transaction: EntityManager,
  { organizationId, key, fingerprint }: TakenKey,
  answer: Answer,
): Promise<void> {
  const taken = { organization_id: organizationId, key };
  await transaction.createQueryBuilder().delete().from(IdempotencyKeyRow).where(taken).andWhere(EXPIRED).execute();
  await transaction
    .createQueryBuilder()
    .insert()
    .into(IdempotencyKeyRow)
    .values({
      ...taken,
      fingerprint,
      status: answer.status,
      headers: answer.headers,
      body: JSON.stringify(answer.body),
      created_at: () => 'now()',
    })
    .updateEntity(false)
    .execute();
}

/** Takes away what nobody can ask for any more, in bites. */
export async function forgetOldKeys(store: EventStore): Promise<void> {
  await store.query(
    `delete from idempotency_keys where ctid in (select ctid from idempotency_keys where ${EXPIRED} limit 10000)`,
  );
}
