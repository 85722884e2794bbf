import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { SearchChoice, type Option } from '../ui/search-choice.js';

/** How many are offered; who looks for another types more of it. */
const OFFERED = 50;

export interface ChosenField {
  label: string;
  /** The id that is chosen; empty: none. */
  value: string;
  onChange: (id: string) => void;
  /** What it means that none is chosen. */
  none?: string;
}

/** What is asked for: those that match the text. */
export interface Search {
  limit: number;
  q?: string;
}

interface FoundChoiceProps extends ChosenField {
  /** The list's path, by which changes find it, and what else the question depends on. */
  of: readonly [path: string, ...unknown[]];
  /** What is looked for, for example `trunk`. */
  what: string;
  find: (search: Search) => Promise<readonly Option[]>;
  /**
   * What the chosen one is called; undefined while it is being read. `offered`: as it was found, if it was. Not
   * `isAnswered`: it may be found yet.
   */
  useText: (value: string, offered: string | undefined, isAnswered: boolean) => string | undefined;
}

/**
 * One of very many of the organisation, which the service finds by what one types. It is asked once somebody goes to
 * the field: a view that opens waits for its list, not for its filters.
 */
export function FoundChoice({ of, what, find, useText, none = '', ...field }: FoundChoiceProps) {
  const [search, setSearch] = useState('');
  const [isWanted, setWanted] = useState(false);
  const found = useQuery({
    queryKey: [...of, 'choice', search],
    queryFn: () => find({ limit: OFFERED, ...(search === '' ? {} : { q: search }) }),
    enabled: isWanted,
    placeholderData: (before) => before,
  });
  const options = found.data ?? [];
  const offered = options.find(({ id }) => id === field.value)?.text;
  const text = useText(field.value, offered, !isWanted || found.isFetched);
  return (
    <SearchChoice
      {...field}
      what={what}
      text={text}
      options={options}
      onFocus={() => setWanted(true)}
      onSearch={setSearch}
      isSearching={found.data === undefined || found.isPlaceholderData || found.isFetching}
      placeholder={none}
    />
  );
}
