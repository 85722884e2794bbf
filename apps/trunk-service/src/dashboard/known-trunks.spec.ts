import { describe, expect, it } from '@jest/globals';
import type { JudgedTrunk } from '../status/trunk-verdict.js';
import { KnownTrunks } from './known-trunks.js';

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const row = (n: number, version = 1) => ({ id: id(n), version });

/** A table of trunks, each named after its version. `asked`: the ids of each query. */
function trunks() {
  const known = new KnownTrunks();
  const asked: string[][] = [];
  const names = async (rows: { id: string; version: number }[], gone: readonly string[] = []) => {
    const found = await known.of(rows, (ids) => {
      asked.push(ids);
      const stored = rows.filter((each) => ids.includes(each.id) && !gone.includes(each.id));
      const trunkOf = (each: { id: string; version: number }) =>
        ({ id: each.id, name: `${each.id}.${each.version}` }) as JudgedTrunk;
      return Promise.resolve(stored.map((each) => ({ version: each.version, trunk: trunkOf(each) })));
    });
    return found.map(({ name }) => name);
  };
  return { asked, names };
}

describe('the known trunks of an organisation', () => {
  it('are read once a version, and are in the order that is asked for', async () => {
    const { asked, names } = trunks();
    expect(await names([row(2), row(1)])).toEqual([`${id(2)}.1`, `${id(1)}.1`]);
    expect(await names([row(1), row(2, 2), row(3)])).toEqual([`${id(1)}.1`, `${id(2)}.2`, `${id(3)}.1`]);
    expect(await names([row(3)])).toEqual([`${id(3)}.1`]);
    expect(asked).toEqual([
      [id(2), id(1)],
      [id(2), id(3)],
    ]);
  });

  it('are without those that were deleted meanwhile', async () => {
    const { names } = trunks();
    expect(await names([row(1), row(2)], [id(1)])).toEqual([`${id(2)}.1`]);
  });

  it('are complete in each answer, also where more are looked at than are kept', async () => {
    const { names } = trunks();
    const many = Array.from({ length: 4_000 }, (_none, n) => row(n));
    const others = Array.from({ length: 4_000 }, (_none, n) => row(n + 3_000));
    for (const rows of [many, others, many]) expect(await names(rows)).toHaveLength(4_000);
  });
});
