import { useState } from 'react';
import { api } from '../api/client.http.js';
import { SearchChoice } from '../ui/search-choice.js';

/** How many are offered; who looks for another types more of it. */
const OFFERED = 50;

interface NumberChoiceProps {
  label: string;
  /** The phone number in E.164; empty: none. */
  value: string;
  onChange: (phoneNumber: string) => void;
  onlyActive?: boolean;
  none?: string;
}

/** One of the organisation's numbers, by the number or its name. */
export function NumberChoice({ label, value, onChange, onlyActive = false, none = '+1555' }: NumberChoiceProps) {
  const [search, setSearch] = useState('');
  const query = {
    limit: OFFERED,
    ...(search === '' ? {} : { q: search }),
    ...(onlyActive ? { is_active: 'true' as const } : {}),
  };
  const numbers = api.useQuery(
    'get',
    '/api/v1/phone-numbers',
    { params: { query } },
    { placeholderData: (before) => before },
  );
  const options = (numbers.data ?? []).map(({ phone_number, friendly_name }) => ({
    id: phone_number,
    text: phone_number,
    hint: friendly_name ?? undefined,
  }));
  return (
    <SearchChoice
      label={label}
      value={value}
      text={value}
      onChange={onChange}
      options={options}
      onSearch={setSearch}
      placeholder={none}
    />
  );
}
