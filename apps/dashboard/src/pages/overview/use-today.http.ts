import { useQuery } from '@tanstack/react-query';
import { api, client, pageOf } from '../../api/client.http.js';
import { dayIn } from '../../days.js';
import { useSession } from '../../session/session.js';
import { UNTESTED_DAYS } from './attention.js';

/** Today on the organisation's clock, as the API and the views' URLs take it. */
export function useToday(): { day: string; zone: string } {
  const zone = useSession().me.organization?.time_zone ?? 'UTC';
  return { day: dayIn(zone, new Date()), zone };
}

type CallFilter = { status?: 'ongoing' | 'completed' | 'failed'; date_from?: string };

/** The calls of a kind, newest first: how many, and so many of them. */
export const useCalls = (filter: CallFilter, limit = 1) =>
  api.useQuery('get', '/api/v1/calls', { params: { query: { limit, ...filter } } });

const MAX_ROWS = 200;

/** Calls that were refused before routing today. `isMore`: there are more than were counted. */
export function useRefusedToday() {
  const query = { date_from: useToday().day, limit: MAX_ROWS };
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
