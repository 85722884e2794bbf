import type { QueryRunner } from 'typeorm';
import type { CallGroup } from './call-groups.js';
import { rowsOf } from './cursor.pg.js';
import type { OurCall, TheirCall } from './findings.js';

type Side = 'ours' | 'theirs';
const ROWS_AT_ONCE = 1_000;

/**
 * Calls of either side that no call with the same two numbers matches, until all are known: in a table of the database
 * that is gone with the transaction, so memory holds one part.
 */
export class LeftCalls {
  private waiting: { side: Side; call: OurCall | TheirCall }[] = [];

  private constructor(private readonly runner: QueryRunner) {}

  static async in(runner: QueryRunner): Promise<LeftCalls> {
    await runner.query(
      'CREATE TEMPORARY TABLE left_calls (side text, to_number text, second float8, seconds float8, call json) ' +
        'ON COMMIT DROP',
    );
    return new LeftCalls(runner);
  }

  async add({ ours, theirs }: CallGroup<OurCall, TheirCall>): Promise<void> {
    for (const call of ours) this.waiting.push({ side: 'ours', call });
    for (const call of theirs) this.waiting.push({ side: 'theirs', call });
    if (this.waiting.length >= ROWS_AT_ONCE) await this.store();
  }

  private async store(): Promise<void> {
    const rows = this.waiting;
    this.waiting = [];
    await this.runner.query(
      `INSERT INTO left_calls SELECT * FROM unnest($1::text[], $2::text[], $3::float8[], $4::float8[], $5::json[])`,
      [
        rows.map(({ side }) => side),
        rows.map(({ call }) => call.to_number),
        rows.map(({ call }) => call.second),
        rows.map(({ call }) => call.seconds),
        rows.map(({ call }) => JSON.stringify(call, withoutBigint)),
      ],
    );
  }

  /** By called number, which is their key now, then by time. No more may be added. */
  async sides(): Promise<{ ours: AsyncGenerator<OurCall>; theirs: AsyncGenerator<TheirCall> }> {
    await this.store();
    return { ours: this.read('ours', ourCallOf), theirs: this.read('theirs', theirCallOf) };
  }

  private async *read<Call>(side: Side, callOf: (row: LeftRow) => Call): AsyncGenerator<Call> {
    // Both databases and JavaScript sort hexadecimal digits alike.
    const sql = `SELECT (md5(to_number) COLLATE "C") AS key, call FROM left_calls WHERE side = $1
      ORDER BY key, second, seconds, call ->> 'call_id', (call ->> 'line')::int`;
    for await (const row of rowsOf<LeftRow>(this.runner, { name: `left_${side}`, sql, parameters: [side] }))
      yield callOf(row);
  }
}

interface LeftRow {
  key: string;
  call: OurCall & Omit<TheirCall, 'amount_micros'> & { amount_micros: string | null };
}
const withoutBigint = (_name: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
const ourCallOf = ({ key, call }: LeftRow): OurCall => ({ ...call, key });
const theirCallOf = ({ key, call }: LeftRow): TheirCall => ({
  ...call,
  key,
  amount_micros: call.amount_micros === null ? null : BigInt(call.amount_micros),
});
