import pg from 'pg';

export interface Sizes {
  trunks: number;
  numbers: number;
  calls: number;
  events: number;
}

/** Of one kind the nth; the service refuses texts that are no UUID of a version. */
const uuidOf = (kind: string, nth: string) =>
  `('${kind}0000000-0000-4000-8000-' || lpad(to_hex(${nth}), 12, '0'))::uuid`;

/** Copies of one row that the service itself wrote, with names, numbers and ids of their own. */
const TRUNKS = `
  insert into trunks (id, organization_id, name_key, priority, enabled, register, bridge_pool, bridge_id, version,
    state)
  select copy.id, organization_id, 'site ' || n, n % 20, enabled, register, bridge_pool, bridge_id, version,
    state || jsonb_build_object('id', copy.id, 'name', 'Site ' || n, 'priority', n % 20)
  from (select n, ${uuidOf('1', 'n')} as id from generate_series(1, $2::int) as n) as copy,
    (select * from trunks where organization_id = $1 limit 1) as row`;

const NUMBERS = `
  insert into numbers (id, organization_id, phone_number, sip_trunk_id, target_kind, target_id, is_active, version,
    state)
  select copy.id, organization_id, copy.phone_number, copy.trunk, target_kind, target_id, is_active, version,
    state || jsonb_build_object('id', copy.id, 'phone_number', copy.phone_number, 'sip_trunk_id', copy.trunk)
  from (select n, ${uuidOf('2', 'n')} as id, '+1555' || lpad(n::text, 8, '0') as phone_number,
      ${uuidOf('1', '(1 + n % $3::int)')} as trunk from generate_series($2::int, $4::int) as n) as copy,
    (select * from numbers where organization_id = $1 and phone_number = '+15550100001') as row`;

/** Of earlier positions than any that was handed out: nothing reads them but the history. */
const EVENTS = `
  insert into events (position, subject, version, id, time, envelope) overriding system value
  select -n, 'trunkmesh.org.' || $1 || '.trunk.' || copy.id, 1, copy.id, now() - n * interval '1 minute',
    replace(replace(envelope, old_id, copy.id::text), event_id, copy.id::text)
  from (select n, ${uuidOf('3', 'n')} as id from generate_series($2::int, $3::int) as n) as copy,
    (select envelope, split_part(subject, '.', 5) as old_id, events.id::text as event_id from events
      where subject like 'trunkmesh.org.' || $1 || '.trunk.%' order by version limit 1) as row`;

/**
 * Of trunks, numbers, assistants, parties and lengths as they come: each call has an id, and each second one a party,
 * that has nothing in common with the last.
 */
const CALLS = `
  insert into call_log (call_id, organization_id, started_at, status, direction, customer_phone, assistant_id, flow_id,
    trunk_id, number_id, duration_ms, summary, told_by)
  select copy.id, organization_id, copy.at, copy.status, copy.direction, copy.phone, copy.assistant, flow_id,
    copy.trunk, copy.number, copy.ms, (summary::jsonb || jsonb_build_object('call_id', copy.id, 'call_sid',
      'CA' || replace(copy.id::text, '-', ''), 'status', copy.status, 'direction', copy.direction, 'from_number',
      copy.phone, 'assistant_id', copy.assistant, 'trunk_id', copy.trunk, 'number_id', copy.number, 'started_at',
      to_char(copy.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'duration_seconds', copy.ms / 1000.0
    ))::text, told_by
  from (select now() - n * interval '20 seconds' as at,
      case when n % 50 = 0 then 'failed' else 'completed' end as status,
      case when n % 4 = 0 then 'outbound' else 'inbound' end as direction, 1 + n % 60 as assistant,
      ${uuidOf('1', '(1 + n % $4::int)')} as trunk, ${uuidOf('2', '(1 + n % 5000)')} as number,
      case when n % 50 = 0 then 0 else (-120000 * ln(1 - (n::bigint * 7919 % 1000000) / 1000001.0))::bigint end as ms,
      '+1555' || lpad((n::bigint * 7368787 % 10000000 / 2)::text, 7, '0') as phone,
      ('01900000-' || substr(md5(n::text), 1, 4) || '-7' || substr(md5(n::text), 5, 3) || '-8' ||
        substr(md5(n::text), 8, 3) || '-' || substr(md5(n::text), 11, 12))::uuid as id
      from generate_series($2::int, $3::int) as n) as copy,
    (select * from call_log where organization_id = $1 order by started_at limit 1) as row`;

/** What the observer sums up of them: the answered calls of each trunk and day. */
const USAGE = `
  insert into usage_days (organization_id, dimension, day, key, currency, carrier_cost, calls, answered, estimated,
    billable_seconds, charged_seconds, amount_micros)
  select organization_id, 'trunk', (started_at at time zone 'UTC')::date, trunk_id::text, '', 'external', count(*),
    count(*) filter (where status <> 'failed'), 0, sum(duration_ms / 1000), 0, 0
  from call_log where organization_id = $1 group by 1, 2, 3, 4 on conflict do nothing`;

const ROWS_A_STATEMENT = 100_000;

async function inParts(total: number, work: (first: number, last: number) => Promise<unknown>): Promise<void> {
  for (let first = 1; first <= total; first += ROWS_A_STATEMENT)
    await work(first, Math.min(total, first + ROWS_A_STATEMENT - 1));
}

/** The organisation has one trunk, one number and one call already. */
export async function fillRecord(url: string, organization: string, sizes: Sizes): Promise<void> {
  await withClient(url, async (client) => {
    // The order in which foreign keys are checked would take longer than all else.
    await client.query("set session_replication_role = 'replica'");
    await client.query(TRUNKS, [organization, sizes.trunks]);
    await inParts(sizes.numbers, (first, last) => client.query(NUMBERS, [organization, first, sizes.trunks, last]));
    await inParts(sizes.events, (first, last) => client.query(EVENTS, [organization, first, last]));
    await client.query('vacuum analyze');
  });
}

export const fillCallLog = (url: string, organization: string, { calls, trunks }: Sizes): Promise<void> =>
  withClient(url, async (client) => {
    await inParts(calls, (first, last) => client.query(CALLS, [organization, first, last, trunks]));
    await client.query(USAGE, [organization]);
    await client.query('vacuum analyze');
  });

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('set synchronous_commit = off');
    await work(client);
  } finally {
    await client.end();
  }
}
