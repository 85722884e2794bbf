import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiClient } from '@trunkmesh/testkit/mesh/api.http.js';
import { startMesh, type Mesh } from '@trunkmesh/testkit/mesh/mesh.process.js';

export interface BenchMesh {
  mesh: Mesh;
  organizationId: string;
  adminKey: string;
  stop(): Promise<void>;
}

/** What is measured is the service, not its patience with one key. */
const NO_LIMITS = {
  RATE_LIMIT_KEY: '0',
  RATE_LIMIT_ORGANIZATION: '0',
  RATE_LIMIT_ADDRESS: '0',
  QUOTA_TRUNKS: '0',
  QUOTA_OUTBOUND_CALLS_PER_HOUR: '0',
  QUOTA_OUTBOUND_CALLS_PER_DAY: '0',
  QUOTA_OUTBOUND_MINUTES_PER_HOUR: '0',
  QUOTA_OUTBOUND_MINUTES_PER_DAY: '0',
  QUOTA_OUTBOUND_CALLS_PER_DESTINATION: '0',
};

/**
 * A mesh of its own for one measurement, synced to disk as production is, with one organisation. FREESWITCH names a
 * real FreeSWITCH; else the stand-in. `kept`: a folder whose mesh goes on from what an earlier measurement left there;
 * without one a temporary folder is used and removed.
 */
export async function benchMesh(env: Record<string, string> = {}, kept?: string): Promise<BenchMesh> {
  const folder = kept === undefined ? await mkdtemp(join(tmpdir(), 'trunkmesh-bench-')) : resolve(kept);
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
  const freeswitch = process.env['FREESWITCH'] || undefined;
  const mesh = await startMesh({
    folder,
    root,
    freeswitch,
    durable: true,
    rtpBase: 18_000,
    env: { LOG_LEVEL: 'warn', ...NO_LIMITS, ...env },
  });
  const stop = async () => {
    await mesh.stop();
    if (kept === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    return { mesh, ...(await organizationOf(mesh)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function organizationOf(mesh: Mesh): Promise<{ organizationId: string; adminKey: string }> {
  const { settings } = mesh.store;
  if (settings.organizationId === null || settings.adminKey === null) {
    const bootstrap = apiClient(mesh.file.api, mesh.file.bootstrapKey);
    const { id } = await bootstrap.post<{ id: string }>('/api/v1/organizations', { name: 'Bench' });
    const { key } = await bootstrap.post<{ key: string }>('/api/v1/api-keys', {
      organization_id: id,
      name: 'bench',
      role: 'admin',
    });
    [settings.organizationId, settings.adminKey] = [id, key];
    await mesh.store.save();
  }
  return { organizationId: settings.organizationId, adminKey: settings.adminKey };
}
