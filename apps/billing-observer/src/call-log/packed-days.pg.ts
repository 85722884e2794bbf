import type { DataSource } from 'typeorm';
import type { CallLogQuery } from '@trunkmesh/contracts/call-log.js';
import { beginningOf, dayAfter, wholeDays } from './call-days.js';
import { callIdAt, Codes, matching, packedCalls, type PackableCalls, type PackedCalls } from './packed-calls.js';

/** Of all organisations together: some 90 bytes each. */
const MAX_CALLS = 1_500_000;
/** What is read and packed in one piece, so that no day blocks the process for long. */
const CALLS_A_PART = 10_000;
const DAY_MS = 86_400_000;

/** The `version` of a day stays the same until one of its calls changes. */
interface VersionedDay {
  day: string;
  version: string;
}

interface Packed {
  codes: Codes;
  days: Map<string, PackedDay>;
}

interface PackedDay {
  version: string;
  /** Newest first. */
  parts: PackedCalls[];
  calls: number;
}

/** The calls of a day that are looked for: by their ids, newest first. */
export interface FoundDay {
  day: string;
  calls: number;
  ids: (skip: number, limit: number) => string[];
}

/**
 * Counted days (call-days.pg.ts) of organisations that somebody looks at, in memory, for searches that no index answers
 * fast: part of a number or of a sid, durations, several filters at once. A day counts only as long as the database has
 * it with the same version, so that a search is as right as one in the table; what is not here is searched there.
 */
export class PackedDays {
  /** The least recently used organisation first. */
  private readonly organizations = new Map<string, Packed>();
  private held = 0;

  constructor(private readonly maxCalls = MAX_CALLS) {}

  /** What is held of this query's days, with the calls that it finds; in ascending order. */
  async found(dataSource: DataSource, query: CallLogQuery): Promise<FoundDay[]> {
    const packed = this.organizations.get(query.organization_id);
    if (packed === undefined) return [];
    this.organizations.delete(query.organization_id);
    this.organizations.set(query.organization_id, packed);
    const { codes, days } = packed;
    return wholeDays(await daysOf(dataSource, query.organization_id), query).flatMap(({ day, version }) => {
      const held = days.get(day);
      return held?.version === version ? foundIn(day, held.parts, (part) => matching(part, query, codes)) : [];
    });
  }

  /** Reads what is missing, the newest days first, as much as memory is meant to hold. */
  async load(dataSource: DataSource, organizationId: string, signal: AbortSignal): Promise<void> {
    const counted = await daysOf(dataSource, organizationId);
    const packed = this.organizations.get(organizationId) ?? { codes: new Codes(), days: new Map<string, PackedDay>() };
    this.organizations.delete(organizationId);
    this.organizations.set(organizationId, packed);
    const versions = new Map(counted.map(({ day, version }) => [day, version]));
    for (const [day, { version }] of packed.days) if (versions.get(day) !== version) this.drop(packed, day);
    for (const { day, version } of counted.reverse()) {
      if (signal.aborted || this.organizations.get(organizationId) !== packed) return;
      if (packed.days.has(day)) continue;
      const parts = await partsOf(dataSource, { organizationId, day, codes: packed.codes });
      const calls = parts.reduce((sum, { size }) => sum + size, 0);
      if (!this.makeRoom(organizationId, calls)) return;
      packed.days.set(day, { version, parts, calls });
      this.held += calls;
    }
  }

  private drop({ days }: Packed, day: string): void {
    this.held -= days.get(day)?.calls ?? 0;
    days.delete(day);
  }

  /** False: there is none without the days of the organisation itself. */
  private makeRoom(organizationId: string, calls: number): boolean {
    for (const [other, packed] of this.organizations) {
      if (this.held + calls <= this.maxCalls) return true;
      if (other === organizationId) continue;
      for (const day of packed.days.keys()) this.drop(packed, day);
      this.organizations.delete(other);
    }
    return this.held + calls <= this.maxCalls;
  }
}

const daysOf = (dataSource: DataSource, organizationId: string): Promise<VersionedDay[]> =>
  dataSource.query(
    'SELECT day::text AS day, version::text AS version FROM call_log_days WHERE organization_id = $1 ' +
      'ORDER BY call_log_days.day',
    [organizationId],
  );

function foundIn(day: string, parts: readonly PackedCalls[], find: (part: PackedCalls) => Uint32Array): FoundDay {
  const found = parts.map((part) => ({ part, rows: find(part) }));
  return {
    day,
    calls: found.reduce((sum, { rows }) => sum + rows.length, 0),
    ids: (skip, limit) => {
      const ids: string[] = [];
      let before = 0;
      for (const { part, rows } of found) {
        const from = Math.max(0, skip - before);
        for (const row of rows.subarray(from, from + limit - ids.length)) ids.push(callIdAt(part, row));
        before += rows.length;
      }
      return ids;
    },
  };
}

/** Whoever wrote a line break into a number must not move the others by a line. */
const CALLS = `
  SELECT string_agg('ca' || replace(call_id::text, '-', ''), E'\\n') AS sids,
    string_agg(translate(lower(customer_phone), E'\\n', ''), E'\\n') AS phones,
    string_agg(coalesce(duration_ms::text, ''), E'\\n') AS durations,
    string_agg(concat(status, ',', direction, ',', assistant_id, ',', flow_id, ',', trunk_id, ',', number_id), E'\\n')
      AS coded
  FROM (SELECT * FROM call_log WHERE organization_id = $1 AND started_at >= $2 AND started_at < $3
    ORDER BY started_at DESC, call_id) AS calls`;
const COUNT = `SELECT coalesce(sum(calls), 0)::int AS calls FROM call_log_day_counts
  WHERE organization_id = $1 AND filter = '' AND day = $2`;

/** The index has all of it. The day's version, read before, says whether a call has changed meanwhile. */
async function partsOf(
  dataSource: DataSource,
  { organizationId, day, codes }: { organizationId: string; day: string; codes: Codes },
): Promise<PackedCalls[]> {
  const [{ calls }] = (await dataSource.query(COUNT, [organizationId, day])) as [{ calls: number }];
  const count = Math.ceil(calls / CALLS_A_PART);
  const end = Date.parse(beginningOf(dayAfter(day)));
  const parts: PackedCalls[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    const [from, to] = [nth + 1, nth].map((part) => new Date(end - Math.round((part * DAY_MS) / count)));
    const [row] = (await dataSource.query(CALLS, [organizationId, from, to])) as [
      PackableCalls | Record<keyof PackableCalls, null>,
    ];
    if (row.sids !== null) parts.push(packedCalls(row, codes));
  }
  return parts;
}
