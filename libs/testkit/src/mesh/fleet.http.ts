import { apiClient } from './api.http.js';
import type { MeshFile } from './mesh-file.js';

interface Bridge {
  id: string;
  status: 'active' | 'draining' | 'retired';
}

/**
 * Retires the bridges that this start does not run, because trunks would otherwise wait for their reports without end.
 * Resumes those that run again.
 */
export async function settleFleet(file: MeshFile): Promise<void> {
  const operator = apiClient(file.api, file.bootstrapKey);
  const started = new Set(file.bridges.map(({ id }) => id));
  for (const { id, status } of await operator.get<Bridge[]>('/api/v1/bridges')) {
    if (!started.has(id) && status !== 'retired') await operator.post(`/api/v1/bridges/${id}/retire`);
    if (started.has(id) && status === 'retired') await operator.post(`/api/v1/bridges/${id}/resume`);
  }
}
