import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import type { CallEnded } from '@trunkmesh/contracts/call.js';
import { ALERTS_STREAM, callSubject } from '@trunkmesh/contracts/subjects.js';
import { usageAlertRaised, type UsageAlert } from '@trunkmesh/contracts/usage-alert.js';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { connectNats, type NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { callEnded, ORG, TRUNK } from '@trunkmesh/testkit/call-events.js';
import { startServers } from '@trunkmesh/testkit/servers.process.js';
import type { DataSource } from 'typeorm';
import { freshDatabase, recordNow } from '../call-log/call-log.fixture.js';
import { setPlan } from '../usage/ledger.fixture.js';
import { publishAlerts } from './alert-publisher.nats.js';
import { evaluateUsage } from './evaluate.pg.js';
import { countSetbacks } from './setbacks.pg.js';
import { HOUR_MS } from './alert-rules.js';

const SETTINGS = { everySeconds: 0, seconds: 3_600n, amountMicros: 1_000_000n, countries: ['DE'] };
const NOW = new Date();
const HOUR = Math.floor(NOW.getTime() / HOUR_MS) * HOUR_MS;

let servers: Awaited<ReturnType<typeof startServers>>;
let nc: NatsConnection;
let db: DataSource;
let calls = 0;

beforeAll(async () => {
  servers = await startServers();
  nc = await connectNats(servers.nats.url, { name: 'test', logger: createLogger('test', { level: 'silent' }) });
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await servers?.stop();
});
beforeEach(async () => {
  ({ db } = await freshDatabase(servers.postgres));
  await ensureStreams(nc);
});
afterEach(async () => {
  await db.destroy();
  await (await jetstreamManager(nc)).streams.purge(ALERTS_STREAM);
});

interface Wanted {
  hoursAgo: number;
  seconds: number;
  answered?: boolean;
  outbound?: boolean;
  to?: string;
  managed?: boolean;
}

function call(wanted: Wanted): CallEnded {
  const { hoursAgo, seconds, answered = true, outbound = false, to = '+15551234567', managed = false } = wanted;
  const n = (calls += 1);
  const event = callEnded(n);
  const begin = new Date(HOUR - hoursAgo * HOUR_MS + (n % 600) * 10);
  const at = begin.toISOString();
  return {
    ...event,
    data: {
      ...event.data,
      direction: outbound ? 'outbound' : 'inbound',
      ...(managed && { carrier: 'managed' as const }),
      to,
      started_at: at,
      answered_at: answered ? at : null,
      ended_at: new Date(begin.getTime() + seconds * 1000).toISOString(),
      billable_ms: answered ? seconds * 1000 : 0,
    },
  };
}
const many = (count: number, wanted: Wanted) => Array.from({ length: count }, () => call(wanted));
const evaluate = (over: Partial<typeof SETTINGS> = {}) => evaluateUsage(db, { ...SETTINGS, ...over }, NOW);

async function published(): Promise<UsageAlert[]> {
  const stream = await (await jetstreamManager(nc)).streams.get(ALERTS_STREAM);
  const { state } = await stream.info();
  const alerts: UsageAlert[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1) {
    const message = await stream.getMessage({ seq });
    if (message !== null) alerts.push(usageAlertRaised.parse(message.json()).data);
  }
  return alerts;
}

/** Half an hour of calls in the same hour of each of the last four weeks, and in the ones beside it. */
const usual = () =>
  [1, 2, 3, 4].flatMap((week) =>
    [-1, 0, 1].flatMap((beside) => many(3, { hoursAgo: week * 168 + beside, seconds: 600 })),
  );

describe('usage alerts', () => {
  it('are raised once for an hour far above the usual, and published exactly once', async () => {
    await recordNow(db, usual());
    expect(await evaluate()).toBe(0);
    await recordNow(db, many(40, { hoursAgo: 0, seconds: 900 }));
    // Two copies at once: one of them has the turn.
    const turns = await Promise.all([evaluate(), evaluate()]);
    expect(turns.filter((raised) => raised !== undefined && raised > 0)).toEqual([1]);
    await recordNow(db, many(10, { hoursAgo: 0, seconds: 900 }));
    expect(await evaluate()).toBe(0);
    await Promise.all([publishAlerts(db, nc), publishAlerts(db, nc)]);
    // Killed between the stream's word and its own note.
    await db.query('UPDATE usage_alerts SET published_at = NULL');
    expect(await publishAlerts(db, nc)).toBe(1);
    const [alert, ...others] = await published();
    expect(others).toEqual([]);
    expect(alert).toMatchObject({
      organization_id: ORG,
      rule: 'unusual-minutes',
      unit: 'minutes',
      observed: 600,
      expected: 30,
      threshold: 90,
      calls: 40,
      period_from: new Date(HOUR).toISOString(),
    });
    expect(alert!.baseline).toHaveLength(12);
    expect(alert!.message).toContain('600 minutes of calls; 30 minutes of calls are usual');
  });

  it('leave calls over managed carriers out of minutes and spend', async () => {
    await recordNow(db, usual());
    await evaluate();
    const managed = many(40, { hoursAgo: 0, seconds: 900 }).map((event) => ({
      ...event,
      data: { ...event.data, carrier: 'managed' as const },
    }));
    await recordNow(db, managed);
    expect(await evaluate()).toBe(0);
    expect(await db.query('SELECT carrier_cost, count(*) FROM ledger_entries GROUP BY 1 ORDER BY 1')).toEqual([
      { carrier_cost: 'external', count: '36' },
      { carrier_cost: 'managed', count: '40' },
    ]);
  });

  describe('about spend', () => {
    const WEEKS_AGO = new Date(HOUR - 6 * 168 * HOUR_MS).toISOString();
    const begins = (hoursAgo: number) => new Date(HOUR - hoursAgo * HOUR_MS).toISOString();
    /** Cents a minute, by the second; minutes are never unusual here. */
    const plan = (effective_from: string, cents: number, currency = 'USD') =>
      setPlan(db, 1, { effective_from, currency, rate_per_minute_micros: cents * 10_000, increments: '1/1' });
    const spending = { seconds: 360_000_000n };
    const spent = async () => {
      await publishAlerts(db, nc);
      return published();
    };
    beforeEach(async () => {
      await plan(WEEKS_AGO, 1);
      await recordNow(db, usual());
    });

    it('are raised for an hour that costs far more than usual, in whole micro-units', async () => {
      await recordNow(db, many(40, { hoursAgo: 0, seconds: 900 }));
      expect(await evaluate(spending)).toBe(1);
      const [alert] = await spent();
      expect(alert).toMatchObject({
        rule: 'unusual-spend',
        unit: 'micros',
        currency: 'USD',
        observed: 6_000_000,
        expected: 300_000,
        threshold: 1_000_000,
        baseline: Array.from({ length: 12 }, () => 300_000),
      });
      expect(alert!.message).toContain('calls for 6.00 USD; calls for 0.30 USD are usual');
    });

    it.each([
      ['a price ten times as high', 10, 'USD', 3_000_000],
      ['another currency', 1, 'EUR', 300_000],
      ['a lower price', 0, 'USD', 0],
    ])('compare after %s with what the same calls cost now', async (_what, cents, currency, expected) => {
      await plan(begins(1), cents, currency);
      await recordNow(db, many(3, { hoursAgo: 0, seconds: 600 }));
      expect(await evaluate({ ...spending, amountMicros: 1n })).toBe(0);
      await recordNow(db, many(40, { hoursAgo: 0, seconds: 900 }));
      expect(await evaluate({ ...spending, amountMicros: 1n })).toBe(cents === 0 ? 0 : 1);
      const figures = (await spent()).map((alert) => [alert.currency, alert.expected, alert.baseline.length]);
      expect(figures).toEqual(cents === 0 ? [] : [[currency, expected, 12]]);
    });

    it('say nothing of an hour in which a plan begins, or whose calls a plan still corrects', async () => {
      await plan(begins(-0.1), 10);
      await recordNow(db, many(40, { hoursAgo: 0, seconds: 900 }));
      expect(await evaluate(spending)).toBe(0);
      await db.query('DELETE FROM rate_plans WHERE effective_from = $1', [begins(-0.1)]);
      await db.query('UPDATE rate_plans SET unsettled = true');
      expect(await evaluate(spending)).toBe(0);
      await db.query('UPDATE rate_plans SET unsettled = false');
      expect(await evaluate(spending)).toBe(1);
    });

    it('count a corrected call once in what the same calls cost now', async () => {
      await plan(begins(3), 7);
      // By now the whole past is charged otherwise: each call has an entry, its reversal and a correction.
      await setPlan(db, 2, { effective_from: WEEKS_AGO, rate_per_minute_micros: 20_000, increments: '1/1' });
      await recordNow(db, many(40, { hoursAgo: 0, seconds: 900 }));
      expect(await evaluate(spending)).toBe(1);
      expect(await spent()).toMatchObject([{ expected: 2_100_000, observed: 42_000_000 }]);
    });
  });

  it('compare with the weeks before the observer knew of alerts', async () => {
    await recordNow(db, [...usual(), ...many(2, { hoursAgo: 2, seconds: 60 })]);
    await db.query('UPDATE alert_progress SET begun = false, last_entry = 0');
    await evaluate();
    const [row]: { hours: string }[] = await db.query('SELECT count(DISTINCT hour) AS hours FROM alert_hours');
    expect(row!.hours).toBe('13');
    await recordNow(db, many(40, { hoursAgo: 0, seconds: 900 }));
    expect(await evaluate()).toBe(1);
  });

  describe('of one organisation, whatever fails for another one,', () => {
    const OTHER = ORG.replace(/.$/, 'f');
    const ofOther = (events: readonly CallEnded[]) =>
      events.map((event) => ({
        ...event,
        subject: callSubject(OTHER, event.data.call_id),
        data: { ...event.data, organization_id: OTHER },
      }));
    /** When the organisation is in such a row, the first time or always. */
    const refuseOnce = (table: string, event: string) => refuse(table, event, "nextval('tries') = 1");
    const refuse = async (table: string, event: string, when = 'true') => {
      await db.query('CREATE SEQUENCE tries');
      await db.query(
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF ${when} THEN RAISE 'no room'; END IF; RETURN NEW; END $$`,
      );
      await db.query(
        `CREATE TRIGGER refusing BEFORE ${event} ON ${table} FOR EACH ROW WHEN (NEW.organization_id = '${ORG}')
         EXECUTE FUNCTION refuse()`,
      );
    };

    const MINUTE_MS = 60_000;
    const trouble: string[] = [];
    const at = (minutes: number) => new Date(NOW.getTime() + minutes * MINUTE_MS);
    const evaluateAt = (minutes: number) =>
      evaluateUsage(db, { ...SETTINGS, onTrouble: (error) => trouble.push((error as Error).message) }, at(minutes));
    const setBack = () =>
      db.query('SELECT organization_id, attempts, reason FROM alert_setbacks') as Promise<Record<string, unknown>[]>;
    const hoursKnown = () =>
      db.query('SELECT organization_id, count(DISTINCT hour)::int FROM alert_hours GROUP BY 1 ORDER BY 1');
    const busy = () => many(40, { hoursAgo: 0, seconds: 900 });
    beforeEach(() => {
      trouble.length = 0;
    });

    it('are compared with the weeks before, and those of the other one later', async () => {
      await recordNow(db, [...usual(), ...ofOther(usual())]);
      await db.query('UPDATE alert_progress SET begun = false, last_entry = 0');
      await refuseOnce('alert_hours', 'INSERT');
      expect(await evaluateAt(0)).toBe(0);
      expect(trouble).toEqual(['no room']);
      expect(await setBack()).toMatchObject([{ organization_id: ORG, attempts: 1 }]);
      expect(await evaluateAt(2)).toBe(0);
      expect(await setBack()).toEqual([]);
      expect(await hoursKnown()).toEqual([ORG, OTHER].map((organization_id) => ({ organization_id, count: 12 })));
    });

    it('are looked at where a sum of the other one overflows, which is tried again less and less often', async () => {
      await recordNow(db, [...usual(), ...ofOther(usual())]);
      expect(await evaluateAt(0)).toBe(0);
      await recordNow(db, [...busy(), ...ofOther(busy())]);
      // So long that the sum of an hour is no bigint.
      await db.query('ALTER TABLE ledger_entries DISABLE TRIGGER USER');
      await db.query('UPDATE ledger_entries SET billable_seconds = 9e18 WHERE organization_id = $1', [ORG]);
      expect(await evaluateAt(0)).toBe(1);
      const reason: unknown = expect.stringContaining('out of range');
      expect(trouble).toEqual([reason]);
      expect(await setBack()).toEqual([{ organization_id: ORG, attempts: 1, reason }]);
      expect(await evaluateAt(0.5)).toBe(0);
      expect(trouble).toHaveLength(1);
      await evaluateAt(2);
      await evaluateAt(3);
      expect(await setBack()).toMatchObject([{ attempts: 2 }]);
      // What came meanwhile is not lost to it.
      await recordNow(db, many(1, { hoursAgo: 0, seconds: 900 }));
      await evaluateAt(3);
      await db.query('UPDATE ledger_entries SET billable_seconds = 900 WHERE billable_seconds = 9e18');
      expect(await evaluateAt(60)).toBe(1);
      expect(await setBack()).toEqual([]);
      await publishAlerts(db, nc);
      expect(await published()).toMatchObject([
        { organization_id: OTHER, calls: 40 },
        { organization_id: ORG, calls: 41 },
      ]);
    });

    it('are published, once', async () => {
      await recordNow(db, [...usual(), ...ofOther(usual())]);
      await evaluate();
      await recordNow(db, [...busy(), ...ofOther(busy())]);
      expect(await evaluate()).toBe(2);
      await refuseOnce('usage_alerts', 'UPDATE');
      await expect(publishAlerts(db, nc, NOW)).rejects.toThrow('usage alerts: 1 failed, 1 done; no room');
      const waiting = 'SELECT organization_id, attempts FROM usage_alerts WHERE published_at IS NULL';
      expect(await db.query(waiting)).toEqual([{ organization_id: ORG, attempts: 1 }]);
      expect(await publishAlerts(db, nc, NOW)).toBe(0);
      expect(await publishAlerts(db, nc, at(1))).toBe(1);
      expect((await published()).map(({ organization_id }) => organization_id).toSorted()).toEqual([ORG, OTHER]);
    });

    it('are published before the ones that were refused, however many those are', async () => {
      const [first, last] = ['00000000-0000-7000-8000-0000000000', 'ffffffff-ffff-7fff-bfff-ffffffffffff'];
      const outbox =
        'INSERT INTO usage_alerts (alert_id, organization_id, rule, key, event) VALUES ($1, $2, $3, $4, $5)';
      await refuse('usage_alerts', 'UPDATE OF published_at');
      for (let n = 10; n < 31; n += 1) await db.query(outbox, [`${first}${n}`, ORG, 'unusual-minutes', n, '{}']);
      await db.query(outbox, [last, OTHER, 'unusual-minutes', '', '{}']);
      for (const minute of [0, 2, 4]) await publishAlerts(db, nc, at(minute)).catch(() => undefined);
      expect(await db.query('SELECT organization_id FROM usage_alerts WHERE published_at IS NOT NULL')).toEqual([
        { organization_id: OTHER },
      ]);
      expect(await countSetbacks(db)).toEqual({ organizations: 0, alerts: 21 });
    });
  });

  it('do not trouble a small or new customer', async () => {
    await recordNow(db, many(5, { hoursAgo: 0, seconds: 60 }));
    expect(await evaluate()).toBe(0);
    await recordNow(db, many(50, { hoursAgo: 0, seconds: 900 }));
    expect(await evaluate()).toBe(0);
  });

  it('say when a trunk answers nothing any more, or its calls end at once', async () => {
    for (let day = 2; day < 7; day += 1) {
      await recordNow(db, many(40, { hoursAgo: day * 24, seconds: 120, outbound: true }));
      await recordNow(db, many(20, { hoursAgo: day * 24, seconds: 0, answered: false, outbound: true }));
    }
    await evaluate();
    await recordNow(db, many(30, { hoursAgo: 0, seconds: 0, answered: false, outbound: true }));
    expect(await evaluate()).toBe(1);
    expect(await evaluate()).toBe(0);
    await recordNow(db, many(60, { hoursAgo: 0, seconds: 2, outbound: true }));
    expect(await evaluate()).toBe(1);
    await publishAlerts(db, nc);
    expect(await published()).toMatchObject([
      { rule: 'answer-rate-collapsed', trunk_id: TRUNK, observed: 0, expected: 0.667, calls: 30, baseline_calls: 300 },
      { rule: 'call-duration-collapsed', trunk_id: TRUNK, direction: 'outbound', observed: 2, expected: 120 },
    ]);
  });

  it('name the first calls to a high-cost country, and never again', async () => {
    const toGermany = { hoursAgo: 0, seconds: 30, outbound: true, to: '+4930123456' };
    await recordNow(db, many(1, { hoursAgo: 0, seconds: 30, to: '+4930123456' }));
    // Neither what came from there, nor what went there over a managed carrier, is a first call.
    await recordNow(db, many(1, { ...toGermany, managed: true }));
    expect(await evaluate()).toBe(0);
    expect(await db.query('SELECT * FROM alert_countries')).toEqual([]);
    await recordNow(db, many(2, toGermany));
    expect(await evaluate({ countries: ['FR'] })).toBe(0);
    await db.query('DELETE FROM alert_countries');
    expect(await evaluate()).toBe(1);
    await recordNow(db, many(3, toGermany));
    expect(await evaluate()).toBe(0);
    await publishAlerts(db, nc);
    expect(await published()).toMatchObject([
      { rule: 'new-high-cost-country', country: 'DE', observed: 2, expected: null },
    ]);
  });

  it('name the first calls to numbers of no country', async () => {
    await evaluate();
    await recordNow(db, many(1, { hoursAgo: 0, seconds: 30, outbound: true, to: '+870773000000' }));
    expect(await evaluate({ countries: ['001'] })).toBe(1);
    await publishAlerts(db, nc);
    const [alert] = await published();
    expect(alert).toMatchObject({ rule: 'new-high-cost-country', country: '001' });
    expect(alert!.message).toMatch(/numbers of no country .* out of outbound_special_numbers/);
  });

  it('rest on the ledger alone: a repeated record, or one of the past, changes nothing', async () => {
    await recordNow(db, usual());
    const burst = many(40, { hoursAgo: 30, seconds: 900 });
    await recordNow(db, [...burst, ...burst]);
    expect(await evaluate()).toBe(0);
    const [row]: { calls: string }[] = await db.query('SELECT sum(calls) AS calls FROM alert_hours');
    expect(row!.calls).toBe(String(36 + 40));
  });

  it('are looked for once an interval', async () => {
    expect(await evaluate()).toBe(0);
    expect(await evaluate({ everySeconds: 300 })).toBeUndefined();
  });
});
