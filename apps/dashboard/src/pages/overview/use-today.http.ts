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

/**
 * The number of enabled trunks without an answered call in the last days, and the first of them. Not refreshed with
 * every call, because the query reads all trunks.
 */
export function useUntested() {
  const from = new Date(Date.now() - UNTESTED_DAYS * DAY_MS).toISOString().slice(0, 10);
  const params = { query: { from } };
  const often = { staleTime: 60_000, refetchInterval: 60_000 };
  return api.useQuery('get', '/api/v1/trunk-states/untested', { params }, often);
}
