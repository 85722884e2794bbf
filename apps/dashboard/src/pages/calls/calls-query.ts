import { api } from '../../api/client.http.js';
import { callFilter } from './call-filter.js';

export const PAGE_SIZE = 100;

/** How many calls are passed over. */
export const skipOf = (view: (name: string) => string): number => Number(view('skip')) || 0;

/** The page of calls that the URL asks for. `numberId`: of the organisation's number that it names. */
export function callsQuery(view: (name: string) => string, numberId?: string) {
  const shown = {
    status: view('status'),
    direction: view('direction'),
    phone: view('phone'),
    trunk: view('trunk'),
    from: view('from'),
    to: view('to'),
  };
  const query = { limit: PAGE_SIZE, skip: skipOf(view), ...callFilter(shown, numberId) };
  return api.queryOptions('get', '/api/v1/calls', { params: { query } });
}
