import { api } from '../api/client.http.js';
import { useSession } from './session.js';

/** The organisation whose views these are. */
export function useOrganization() {
  const id = useSession().me.organization?.id ?? '';
  return api.useQuery('get', '/api/v1/organizations/{id}', { params: { path: { id } } });
}
