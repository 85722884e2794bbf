import { apiClient } from './api.http.js';
import type { Mesh } from './mesh.process.js';

/** The mesh's own organisation and its admin key, in `mesh.json`: made at the first start and kept for all others. */
export async function settleOrganization(mesh: Pick<Mesh, 'file' | 'store' | 'saveFile'>): Promise<void> {
  const {
    file,
    store: { settings },
  } = mesh;
  if (settings.adminKey !== null && settings.organizationId !== null) return;
  const operator = apiClient(file.api, file.bootstrapKey);
  const { id } = await operator.post<{ id: string }>('/api/v1/organizations', { name: 'Example Dental' });
  const { key } = await operator.post<{ key: string }>('/api/v1/api-keys', {
    organization_id: id,
    name: 'local mesh',
    role: 'admin',
  });
  settings.organizationId = id;
  settings.adminKey = key;
  await mesh.saveFile();
}
