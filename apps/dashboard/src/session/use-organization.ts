import { api } from '../api/client.http.js';
import { useSession } from './session.js';

/** The organisation that the views show. */
export function useOrganization() {
  const id = useSession().me.organization?.id ?? '';
  return api.useQuery('get', '/api/v1/organizations/{id}', { params: { path: { id } } });
}
