import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { INestMicroservice } from '@nestjs/common';
import { answeredTrunksAnswer } from '@trunkmesh/contracts/answered-trunks.js';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import { USAGE_ANSWERED_TRUNKS, USAGE_EXPORT, USAGE_RECORDS, USAGE_SUMMARY } from '@trunkmesh/contracts/subjects.js';
import { askInPieces } from '@trunkmesh/requests/ask-in-pieces.nats.js';
import { usageExportAnswer } from '@trunkmesh/contracts/usage-export.js';
import {
  ledgerEntry,
  usageRecordsAnswer,
  usageSummaryAnswer,
  type LedgerEntry,
  type UsageRecordsQuery,
} from '@trunkmesh/contracts/usage-query.js';
import { startRequestService } from '@trunkmesh/requests/request-service.nats.js';
import { ServiceModule } from '@trunkmesh/runtime/service.module.js';
import { callEnded, callId, ORG, TRUNK } from '@trunkmesh/testkit/call-events.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startServers, type Servers } from '@trunkmesh/testkit/servers.process.js';
import pg from 'pg';
import pino from 'pino';
import { AppModule } from '../../app.module.js';
import { record } from '../../call-log/call-log.fixture.js';
import { environmentSchema } from '../../config.js';
import { Database } from '../../database.service.js';

const OTHER_ORG = '0190a5b2-7c00-7000-8000-0000000000aa';
const DAY = '2026-11-23';
let servers: Servers;
let nc: NatsConnection;
let app: INestMicroservice;
const at = (n: number) => new Date(Date.parse(`${DAY}T10:00:00.000Z`) + n * 60_000).toISOString();
const ended = (n: number, over: Partial<CallEnded['data']> = {}): CallEnded => ({
  ...callEnded(n),
  data: { ...callEnded(n).data, started_at: at(n), ...over },
});

beforeAll(async () => {
  servers = await startServers();
  nc = await connect({ servers: servers.nats.url });
  const DATABASE_URL = await servers.postgres.createDatabase('observer');
  await foreignTimeZone(DATABASE_URL);
  const config = environmentSchema.parse({ NATS_URL: servers.nats.url, DATABASE_URL });
  const root = ServiceModule.of(AppModule, { config, logger: pino({ level: 'silent' }) });
  ({ app } = await startRequestService(root, { logger: false, abortOnError: false }));
  const database = app.get(Database, { strict: false });
  await database.opened;
  await record(database.recording, [
    ended(1),
    ended(2, { direction: 'outbound', to: '+4930123456' }),
    ended(3, { reconstructed: true, from: `sip:${'x'.repeat(400_000)}` }),
    ended(4, { trunk_id: null, from: `sip:${'y'.repeat(400_000)}` }),
    ended(5, { from: `sip:${'z'.repeat(400_000)}` }),
  ]);
  await eventually(() => records({}).then(() => true));
}, 60_000);
afterAll(async () => {
  await app?.close();
  await nc?.close();
  await servers?.stop();
});

async function records(query: Partial<UsageRecordsQuery>): Promise<LedgerEntry[]> {
  const found: LedgerEntry[] = [];
  let after = query.after;
  do {
    const request = { organization_id: ORG, ...query, after };
    const message = await nc.request(USAGE_RECORDS, JSON.stringify(request), { timeout: 20_000 });
    const answer = usageRecordsAnswer.parse(message.json());
    if (answer.outcome !== 'records') throw new Error(answer.message);
    found.push(...answer.records);
    after = answer.next ?? undefined;
  } while (after !== undefined);
  return found;
}
const numbers = async (query: Partial<UsageRecordsQuery>) =>
  (await records(query)).map(({ call_id }) => Number(call_id.slice(-12)));

/** An operator's database may have a time zone of its own. */
async function foreignTimeZone(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("ALTER DATABASE observer SET timezone = 'America/Havana'");
  await client.end();
}

const HOSTILE = [
  ...['+15551234567', '+1+cmd', '-1', '=HYPERLINK("http://example.com")', '@SUM(A1)', '\tx', '\rx', '\n=x', '+', ''],
  ...['a, b', 'two\nlines', 'say "so"', "it's", 'sip:x@example.com', '+1\n', '٣', 'ünï', '\u0001', '\\.', 'a;b'],
];
async function recordHostile(): Promise<void> {
  const { recording } = app.get(Database, { strict: false });
  const calls = HOSTILE.map((text, index) =>
    ended(100 + index, { from: text, to: text, hangup_cause: text || 'X', trunk_id: null }),
  );
  await record(recording, calls, 100);
  await recording.query(
    `INSERT INTO ledger_entries (kind, corrects, reason, call_id, organization_id, bridge_id, bridge_epoch,
      record_number, direction, from_number, to_number, started_at, answered_at, ended_at, billable_ms,
      billable_seconds, hangup_cause, estimated, carrier_cost, plan_from, currency, rate_micros, charged_seconds,
      amount_micros, recorded_at)
    SELECT 'reversal', 1, 'rate-plan-changed', $2, $1, 'bridge-1', $1, 9, 'outbound', 'x', 'y', $3::timestamptz, NULL,
      $3::timestamptz + n * interval '1 microsecond', -61000, -61, 'NORMAL_CLEARING', true, 'external',
      '2000-01-01T00:00:00.000001Z', 'USD', 9223372036854775807, -120, -9223372036854775807, '9999-12-31T23:59:59.9Z'
    FROM unnest(ARRAY[0, 1, 10, 999999]) AS n`,
    [ORG, callId(99), at(99)],
  );
}
/** As a spreadsheet may open it: RFC 4180, and no cell is a formula. */
function cell(value: string | number | boolean | null): string {
  if (value === null) return '';
  const text = String(value);
  const isFormula = typeof value === 'string' && /^[=@\t\r]|^[+-](?!\d+$)/.test(text);
  const safe = isFormula ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
async function exported(query: Partial<UsageRecordsQuery>): Promise<{ text: string; parts: number }> {
  const found = { text: '', parts: 0 };
  let after = query.after;
  do {
    const request = { organization_id: ORG, ...query, after };
    const message = await nc.request(USAGE_EXPORT, JSON.stringify(request), { timeout: 20_000 });
    const text = new TextDecoder().decode(message.data);
    const answer = usageExportAnswer.parse(JSON.parse(text.slice(0, text.indexOf('\n'))));
    if (answer.outcome !== 'part') throw new Error(answer.message);
    found.text += text.slice(text.indexOf('\n') + 1);
    found.parts += 1;
    after = answer.next ?? undefined;
  } while (after !== undefined);
  return found;
}

/** The same in pieces, as trunk-service asks for it. */
async function exportedInPieces(query: Partial<UsageRecordsQuery>): Promise<{ text: string; pieces: number }> {
  const found = { text: '', pieces: 0 };
  let after = query.after;
  do {
    const { reply, pieces } = await askInPieces(
      { connection: nc },
      {
        ...{ subject: USAGE_EXPORT, request: { organization_id: ORG, ...query, after, in_pieces: true } },
        ...{ reply: usageExportAnswer, deadlineMs: 20_000, span: { name: 'test' } },
        piecesOf: (answer) => (answer.outcome === 'part' ? answer.pieces : 0),
      },
    );
    if (reply.outcome !== 'part') throw new Error(reply.message);
    found.text += Buffer.concat(pieces).toString();
    found.pieces += pieces.length;
    after = reply.next ?? undefined;
  } while (after !== undefined);
  return found;
}

describe('requests about usage', () => {
  it('answer every entry of the organisation, newest first, in as many messages as it takes', async () => {
    expect(await numbers({})).toEqual([5, 4, 3, 2, 1]);
    expect(await numbers({ limit: 1 })).toEqual([5, 4, 3, 2, 1]);
    expect((await records({ call_id: callId(1) }))[0]).toMatchObject({
      kind: 'call',
      call_sid: `CA${callId(1).replaceAll('-', '')}`,
      started_at: `${DAY}T10:01:00.000000Z`,
      billable_ms: 4020,
      billable_seconds: 5,
      carrier_cost: 'external',
      currency: null,
      amount_micros: '0',
    });
  });

  it.each<[string, Partial<UsageRecordsQuery>, number[]]>([
    ['a time on', { date_from: at(4) }, [5, 4]],
    ['a time', { date_to: at(2) }, [2, 1]],
    ['a trunk', { trunk_id: TRUNK }, [5, 3, 2, 1]],
    ['a direction', { direction: 'outbound' }, [2]],
    ['a country', { country: 'DE' }, [2]],
    ['estimates', { estimated: true }, [3]],
    ['another organisation', { organization_id: OTHER_ORG }, []],
  ])('are limited to %s', async (_what, query, expected) => {
    expect(await numbers(query)).toEqual(expected);
  });

  it('answer sums, and refuse what they cannot read', async () => {
    const ask = async (request: object) =>
      usageSummaryAnswer.parse((await nc.request(USAGE_SUMMARY, JSON.stringify(request), { timeout: 20_000 })).json());
    const query = { by: 'direction', from: DAY, to: DAY };
    expect(await ask({ ...query, organization_id: ORG })).toMatchObject({
      outcome: 'summary',
      groups: [
        { key: 'inbound', calls: 4 },
        { key: 'outbound', calls: 1 },
      ],
    });
    expect(await ask({ ...query, organization_id: OTHER_ORG })).toMatchObject({ groups: [] });
    expect(await ask({ ...query, organization_id: ORG, by: 'colour' })).toMatchObject({
      outcome: 'error',
      code: 'invalid-request',
    });
  });

  it('answer the trunks that had an answered call since a day, in as many messages as it takes', async () => {
    const organization_id = '0190a5b2-7c00-7000-8000-0000000000ab';
    const trunk = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
    const { recording } = app.get(Database, { strict: false });
    await recording.query(
      `INSERT INTO usage_days (organization_id, dimension, day, key, currency, carrier_cost, calls, answered, estimated,
        billable_seconds, charged_seconds, amount_micros)
      SELECT $1, 'trunk', $2::date - n % 2, '00000000-0000-4000-8000-' || lpad(n::text, 12, '0'), '', 'external', 1,
        CASE WHEN n % 10 = 0 THEN 0 ELSE 1 END, 0, 0, 0, 0 FROM generate_series(1, 80000) AS n`,
      [organization_id, DAY],
    );
    const ask = async (request: object) =>
      answeredTrunksAnswer.parse(
        (await nc.request(USAGE_ANSWERED_TRUNKS, JSON.stringify(request), { timeout: 20_000 })).json(),
      );
    const found: string[] = [];
    let messages = 0;
    let after: string | undefined;
    do {
      const answer = await ask({ organization_id, from: DAY, after });
      if (answer.outcome !== 'trunks') throw new Error(answer.message);
      found.push(...answer.trunk_ids);
      messages += 1;
      after = answer.next ?? undefined;
    } while (after !== undefined);
    const expected = Array.from({ length: 80_000 }, (_none, n) => n + 1).filter((n) => n % 2 === 0 && n % 10 !== 0);
    expect(found).toEqual(expected.map(trunk));
    expect(messages).toBe(2);
    const nothing = { outcome: 'trunks', trunk_ids: [], next: null };
    expect(await ask({ organization_id: OTHER_ORG, from: DAY })).toEqual(nothing);
    const refused = { outcome: 'error', code: 'invalid-request' };
    expect(await ask({ organization_id, from: 'yesterday' })).toMatchObject(refused);
  });

  it('refuse what the database cannot use as what it is: no outage', async () => {
    const invalid = { outcome: 'error', code: 'invalid-request' };
    const ask = async (subject: string, request: object) =>
      (await nc.request(subject, JSON.stringify({ organization_id: ORG, ...request }), { timeout: 20_000 })).json();
    expect(await ask(USAGE_RECORDS, { date_from: '0000-01-01T00:00:00.000Z' })).toMatchObject(invalid);
    expect(await ask(USAGE_SUMMARY, { by: 'day', from: '0000-01-01', to: DAY })).toMatchObject(invalid);
    const yearNought = { started_at: '0000-01-01T00:00:00.000000Z', entry_id: '1' };
    expect(await ask(USAGE_EXPORT, { after: yearNought })).toMatchObject(invalid);
    const after = { key: '\u0000', currency: 'USD', carrier_cost: 'external' };
    expect(await ask(USAGE_SUMMARY, { by: 'trunk', from: DAY, to: DAY, after })).toMatchObject(invalid);
  });

  it('answer all entries as CSV, in parts that a message holds', async () => {
    await recordHostile();
    const lines = (await records({})).map((entry) => ledgerEntry.keyof().options.map((column) => cell(entry[column])));
    const { text, parts } = await exported({});
    expect(text).toBe(lines.map((cells) => `${cells.join(',')}\r\n`).join(''));
    expect(parts).toBeGreaterThan(1);
    expect((await exported({ date_from: at(100), direction: 'inbound' })).text.split(',bridge-1,')).toHaveLength(
      HOSTILE.length + 1,
    );
    expect(await exported({ organization_id: OTHER_ORG })).toEqual({ text: '', parts: 1 });
  });

  it('answer the same CSV in pieces', async () => {
    const inPieces = await exportedInPieces({});
    expect(inPieces.text).toBe((await exported({})).text);
    expect(inPieces.pieces).toBeGreaterThan(1);
    expect(await exportedInPieces({ organization_id: OTHER_ORG })).toEqual({ text: '', pieces: 0 });
    const yearNought = { started_at: '0000-01-01T00:00:00.000000Z', entry_id: '1' };
    await expect(exportedInPieces({ after: yearNought })).rejects.toThrow('the database cannot use');
  });
});
