import { useMemo } from 'react';
import { api } from '../../api/client.http.js';

/** The trunks to choose from, by id and name. */
export function useTrunkNames(): (readonly [string, string])[] {
  const { data } = api.useQuery('get', '/api/v1/sip-trunks', { params: { query: { limit: 1000 } } });
  return useMemo(() => (data ?? []).map(({ id, name }) => [id, name] as const), [data]);
}
