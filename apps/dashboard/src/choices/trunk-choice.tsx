import { useState } from 'react';
import { api } from '../api/client.http.js';
import { SearchChoice } from '../ui/search-choice.js';

/** How many are offered; who looks for another types more of its name. */
const OFFERED = 50;

interface TrunkChoiceProps {
  label: string;
  value: string;
  onChange: (id: string) => void;
  /** What it means that none is chosen. */
  none?: string;
}

/** A trunk by its name, of however many. */
export function TrunkChoice({ label, value, onChange, none = 'Name of the trunk' }: TrunkChoiceProps) {
  const [search, setSearch] = useState('');
  const query = { limit: OFFERED, ...(search === '' ? {} : { q: search }) };
  const trunks = api.useQuery(
    'get',
    '/api/v1/sip-trunks',
    { params: { query } },
    { placeholderData: (before) => before },
  );
  const options = (trunks.data ?? []).map(({ id, name }) => ({ id, text: name }));
  const offered = options.find(({ id }) => id === value)?.text;
  const name = useName(value, offered, trunks.isFetched);
  return (
    <SearchChoice
      label={label}
      value={value}
      text={name}
      onChange={onChange}
      options={options}
      onSearch={setSearch}
      placeholder={none}
    />
  );
}

/** What the chosen trunk is called, where it is not among those that are offered. */
function useName(id: string, offered: string | undefined, isFetched: boolean): string | undefined {
  const isAsked = id !== '' && offered === undefined && isFetched;
  const params = { path: { id } };
  const chosen = api.useQuery('get', '/api/v1/sip-trunks/{id}', { params }, { enabled: isAsked });
  if (id === '') return '';
  // A trunk that is no longer there is shown by its id, so that one sees what the list is filtered by.
  return offered ?? chosen.data?.name ?? (chosen.isError ? id : undefined);
}
