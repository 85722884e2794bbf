import type { EntityManager } from 'typeorm';
import type { EventStore } from '../event-store/event-store.pg.js';
import type { StreamMessage } from '../nats/batches.nats.js';
import { callFactsOf, counted, type CallCounter, type CallFact } from './call-counters.js';

type Numbered = CallFact & { sequence: number };

interface Row extends Omit<CallCounter, 'first_failed_at' | 'last_at'> {
  organization_id: string;
  subject: string;
  first_failed_at: Date | null;
  last_at: Date;
  last_sequence: string;
}

/** Only of organisations with a rule that counts calls: for the others nothing is written. */
const COUNTING = ['trunk-degraded', 'low-quality', 'assistant-unreachable'];

/** A batch that comes again changes nothing: a counter knows the last message that it holds. */
export async function countCalls(store: EventStore, messages: readonly StreamMessage[], now: number): Promise<void> {
  const facts = messages.flatMap(({ sequence, value }) =>
    callFactsOf(value, now).map((fact): Numbered => ({ ...fact, sequence })),
  );
  if (facts.length === 0) return;
  const interested = await store.query<{ organization_id: string }>(
    `select distinct organization_id from notification_rules
     where enabled and kind = any($1) and organization_id = any($2::uuid[])`,
    [COUNTING, [...new Set(facts.map(({ organization_id }) => organization_id))]],
  );
  const organizations = new Set(interested.map(({ organization_id }) => organization_id));
  const wanted = facts.filter(({ organization_id }) => organizations.has(organization_id));
  if (wanted.length > 0) await store.transaction((manager) => countIn(manager, wanted));
}

const keyOf = ({ organization_id, subject }: { organization_id: string; subject: string }) =>
  `${organization_id} ${subject}`;

async function countIn(manager: EntityManager, facts: readonly Numbered[]): Promise<void> {
  const keys = [...new Map(facts.map((fact) => [keyOf(fact), fact])).entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  const pairs = [keys.map(([, fact]) => fact.organization_id), keys.map(([, fact]) => fact.subject)];
  // Rows that are not there yet are made first, so that two copies wait for each other.
  await manager.query(
    `insert into notification_counters (organization_id, subject, failed, mos, last_at, last_sequence)
     select organization_id, subject, 0, '{}', now(), 0 from unnest($1::uuid[], $2::text[]) as wanted
       (organization_id, subject) on conflict do nothing`,
    pairs,
  );
  const rows = (await manager.query(
    `select counter.* from notification_counters as counter
     join unnest($1::uuid[], $2::text[]) as wanted (organization_id, subject) using (organization_id, subject)
     order by organization_id, subject for update of counter`,
    pairs,
  )) as Row[];
  const changed = rows.map((row) =>
    afterFacts(
      row,
      facts.filter((fact) => keyOf(fact) === keyOf(row)),
    ),
  );
  await manager.query(
    `update notification_counters as counter set failed = given.failed, first_failed_at = given.first_failed_at,
       mos = given.mos, last_at = given.last_at, last_sequence = given.last_sequence
     from jsonb_to_recordset($1::jsonb) as given (organization_id uuid, subject text, failed int,
       first_failed_at timestamptz, mos real[], last_at timestamptz, last_sequence bigint)
     where counter.organization_id = given.organization_id and counter.subject = given.subject`,
    [JSON.stringify(changed)],
  );
}

function afterFacts(row: Row, facts: readonly Numbered[]) {
  let sequence = Number(row.last_sequence);
  let counter: CallCounter = {
    failed: row.failed,
    first_failed_at: row.first_failed_at?.toISOString() ?? null,
    mos: row.mos,
    last_at: row.last_at.toISOString(),
  };
  for (const fact of facts) {
    // A stream that was lost and made again counts from 1.
    if (fact.sequence <= sequence && Date.parse(fact.at) <= Date.parse(counter.last_at)) continue;
    counter = counted(counter, fact);
    sequence = fact.sequence;
  }
  return { organization_id: row.organization_id, subject: row.subject, ...counter, last_sequence: sequence };
}
