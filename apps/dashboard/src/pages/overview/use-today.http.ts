import { api, client, pageOf } from '../../api/client.http.js';
import { useQuery } from '@tanstack/react-query';
import { UNTESTED_DAYS } from './attention.js';

export const startOfDay = () => new Date(new Date().setHours(0, 0, 0, 0)).toISOString();

type CallFilter = { status?: 'ongoing' | 'completed' | 'failed'; date_from?: string };

/** The calls of a kind, newest first: how many, and so many of them. */
export const useCalls = (filter: CallFilter, limit = 1) =>
  api.useQuery('get', '/api/v1/calls', { params: { query: { limit, ...filter } } });

const MAX_ROWS = 200;

/** Calls that were refused before routing today. `isMore`: there are more than were counted. */
export function useRefusedToday() {
  const query = { date_from: startOfDay(), limit: MAX_ROWS };
  return useQuery({
    queryKey: ['/api/v1/refused-calls', 'today', query],
    queryFn: async () => {
      const { items, total } = await pageOf(client.GET('/api/v1/refused-calls', { params: { query } }));
      return { calls: items.reduce((sum, { count }) => sum + count, 0), isMore: total > items.length };
    },
  });
}

const DAY_MS = 86_400_000;
const MAX_TRUNKS = 1_000;

/** Enabled trunks without an answered call in the last days, of the first 1,000; undefined while that is not known. */
export function useUntested() {
  const from = new Date(Date.now() - UNTESTED_DAYS * DAY_MS).toISOString().slice(0, 10);
  const params = { query: { by: 'trunk' as const, from } };
  const used = api.useQuery('get', '/api/v1/usage/summary', { params }, { staleTime: 60_000 });
  const ongoing = useCalls({ status: 'ongoing' }, MAX_ROWS);
  const trunks = api.useQuery('get', '/api/v1/sip-trunks', { params: { query: { limit: MAX_TRUNKS } } });
  const error = used.error ?? trunks.error;
  if (used.data === undefined || trunks.data === undefined) return { untested: undefined, error };
  const proven = new Set([
    ...used.data.groups.filter(({ answered_calls }) => answered_calls > 0).map(({ key }) => key),
    ...(ongoing.data?.items ?? []).filter(({ answered_at }) => answered_at !== null).map(({ trunk_id }) => trunk_id),
  ]);
  return { untested: trunks.data.filter(({ enabled, id }) => enabled && !proven.has(id)), error };
}
