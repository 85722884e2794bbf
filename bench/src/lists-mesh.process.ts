import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apiClient } from '@trunkmesh/testkit/mesh/api.http.js';
import { benchMesh, type BenchMesh } from './bench-mesh.process.js';
import { callsStream, storedSamples } from './call-log-stream.nats.js';
import { fillCallLog, fillRecord, type Sizes } from './dashboard-lists-data.pg.js';

const part = Number(process.env['BENCH_PART'] ?? 1);
/** All of one organisation, which is harder than the same spread over thousands. */
export const SIZES: Sizes = {
  trunks: 100_000 * part,
  numbers: 1_000_000 * part,
  calls: 1_000_000 * part,
  events: 300_000 * part,
};
/** One of those that calls came through. */
export const CALLED_TRUNK = '10000000-0000-4000-8000-00000000000c';
const FIRST_NUMBER = '+15550100001';

interface Filled {
  /** The trunk that the service itself made. */
  trunkId: string;
}

export interface ListsMesh extends BenchMesh, Filled {
  /** The key that made almost everything. */
  keyId: string;
}

/**
 * A mesh with as much as one organisation may have. BENCH_FOLDER keeps it: filling takes minutes, and further
 * measurements go on from there.
 */
export async function listsMesh(): Promise<ListsMesh> {
  const folder = process.env['BENCH_FOLDER'];
  const bench = await benchMesh({ QUOTA_NUMBERS: '0' }, folder);
  try {
    // Its gateways are not what is measured.
    await bench.mesh.bridges[0]!.agent.stop();
    const filled = folder && join(folder, 'filled.json');
    const isFilled = filled && existsSync(filled);
    const { trunkId } = isFilled
      ? (JSON.parse(await readFile(filled, 'utf8')) as Filled)
      : { trunkId: await fill(bench) };
    if (filled && !isFilled) await writeFile(filled, JSON.stringify({ trunkId }));
    const me = await apiClient(bench.mesh.file.api, bench.adminKey).get<{ key: { id: string } }>('/api/v1/users/me');
    return { ...bench, trunkId, keyId: me.key.id };
  } catch (error) {
    await bench.stop();
    throw error;
  }
}

/** One of each by the service itself, and copies by SQL. Returns the trunk that was made. */
async function fill({ mesh, organizationId, adminKey }: BenchMesh): Promise<string> {
  const api = apiClient(mesh.file.api, adminKey);
  const settings = { name: 'First', gateway: '192.0.2.10', register: false };
  const { id } = await api.post<{ id: string }>('/api/v1/sip-trunks', settings);
  await api.post('/api/v1/phone-numbers', {
    phone_number: FIRST_NUMBER,
    friendly_name: 'Office',
    sip_trunk_id: id,
    assistant_id: 17,
  });
  const samples = await storedSamples();
  const calls = await callsStream(mesh.file.nats, {
    ...{ organizationId, bridgeId: 'bench-lists', epoch: randomUUID(), samples },
  });
  await calls.publish(0, 1);
  await calls.recorded(1);
  await calls.stop();
  await fillRecord(mesh.file.postgres, organizationId, SIZES);
  await fillCallLog(mesh.billingUrl, organizationId, SIZES);
  return id;
}
