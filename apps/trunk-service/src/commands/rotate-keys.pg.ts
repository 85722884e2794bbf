import { trunkSubject } from '@trunkmesh/contracts/subjects.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { open, seal, sealedWith, type KeyRing } from '@trunkmesh/runtime/key-ring.crypto.js';
import { transact, type Work } from '../record/handle.pg.js';
import type { RecordStore } from '../record/record-store.pg.js';
import { decide } from '../trunk/trunk.js';
import type { Running } from './running.js';

export interface Rotated { total: number; reencrypted: number; /** Sealed with a key that is not in the ring, or damaged: nobody can open them. */ unreadable: { trunk_id: string; key_id: string }[] }

const BATCH = 200;
const OLD = `from trunks where state->>'password' is not null and split_part(state->>'password', '.', 2) <> $1`;

interface Row { id: string; organization_id: string }

/**
 * Seals every password again that is not under the ring's first key, so that the old key can be taken out of it. In batches, each a transaction: stopped at any
 * moment, the next run goes on. The gateways are not touched.
 */
export async function rotateKeys(record: RecordStore, ring: KeyRing, { signal, progress }: Running): Promise<Rotated> {
  const [counted] = await record.query<{ total: string }>(`select count(*) as total ${OLD}`, [ring.sealsWith]);
  const result: Rotated = { total: Number(counted!.total), reencrypted: 0, unreadable: [] };
  let after = '00000000-0000-0000-0000-000000000000';
  for (let done = 0; !signal.aborted;) {
    const rows = await record.query<Row>(`select id, organization_id ${OLD} and id > $2 order by id limit ${BATCH}`, [ring.sealsWith, after]);
    if (rows.length === 0) return result;
    after = rows[rows.length - 1]!.id;
    const { reencrypted, unreadable } = await transact(record, (work) => rotateBatch(work, ring, rows));
    result.reencrypted += reencrypted;
    result.unreadable.push(...unreadable);
    progress('encrypting again', done += rows.length, Math.max(result.total, done));
  }
  return result;
}

async function rotateBatch(work: Work, ring: KeyRing, rows: readonly Row[]): Promise<Pick<Rotated, 'reencrypted' | 'unreadable'>> {
  const loaded = await work.loadMany<TrunkState>(rows.map(({ organization_id, id }) => trunkSubject(organization_id, id)), trunkState);
  const unreadable: Rotated['unreadable'] = [];
  let reencrypted = 0;
  for (const before of loaded.values()) {
    const { state } = before;
    // Changed or deleted since the list was read.
    if (!state?.password || sealedWith(state.password) === ring.sealsWith) continue;
    const password = sealedAgain(ring, state.password, state.id);
    if (password === undefined) {
      unreadable.push({ trunk_id: state.id, key_id: sealedWith(state.password) });
      continue;
    }
    work.record(before, decide(state, { type: 'ReencryptPassword', password }, work.next(before)));
    reencrypted += 1;
  }
  return { reencrypted, unreadable };
}

function sealedAgain(ring: KeyRing, sealed: string, boundTo: string): string | undefined {
  try {
    return seal(ring, open(ring, sealed, boundTo), boundTo);
  } catch {
    // The reason is the key that is missing; the value itself is never told.
    return undefined;
  }
}
