import { api, client, pageOf } from '../api/client.http.js';
import { FoundChoice, type ChosenField, type Search } from './found-choice.js';

const PATH = '/api/v1/sip-trunks';

/** A trunk by its name, of however many. */
export const TrunkChoice = ({ none = 'Name of the trunk', ...field }: ChosenField) => (
  <FoundChoice {...field} none={none} of={[PATH]} what="trunk" find={findTrunks} useText={useName} />
);

async function findTrunks(query: Search) {
  const { items } = await pageOf(client.GET(PATH, { params: { query } }));
  return items.map(({ id, name }) => ({ id, text: name }));
}

/** What the chosen trunk is called, where it is not among those that are offered. */
function useName(id: string, offered: string | undefined, isAnswered: boolean): string | undefined {
  const isAsked = id !== '' && offered === undefined && isAnswered;
  const params = { path: { id } };
  const chosen = api.useQuery('get', '/api/v1/sip-trunks/{id}', { params }, { enabled: isAsked });
  if (id === '') return '';
  // A trunk that is no longer there is shown by its id, so that one sees what the list is filtered by.
  return offered ?? chosen.data?.name ?? (chosen.isError ? id : undefined);
}
