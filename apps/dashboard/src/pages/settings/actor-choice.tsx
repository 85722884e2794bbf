import { client, pageOf } from '../../api/client.http.js';
import { Choice } from '../../ui/field.js';
import { usePages } from '../../ui/use-pages.js';

/** As the API's filter has them. */
const NOBODYS = [
  ['operator', 'The operator'],
  ['system', 'The service itself'],
  ['unknown', 'Unknown (older changes)'],
] as const;
/** An organisation has 100 keys at most, unless the operator allows more. */
const PAGE_SIZE = 100;

interface ActorChoiceProps {
  value: string;
  onChange: (actor: string) => void;
}

/** Who made a change. */
export function ActorChoice({ value, onChange }: ActorChoiceProps) {
  const keys = usePages(['/api/v1/api-keys', 'actors'], (cursor) =>
    pageOf(client.GET('/api/v1/api-keys', { params: { query: { limit: PAGE_SIZE, cursor } } })),
  );
  const known = keys.items.map(({ id, name }) => [id, `The key ${name}`] as const);
  const options = [['', 'Everybody'], ...NOBODYS, ...known] as const;
  // A revoked key, or one of a later page, may be in a URL that somebody shared.
  const isOther = !options.some(([id]) => id === value);
  return (
    <Choice
      label="By"
      value={value}
      onChange={onChange}
      options={isOther ? [...options, [value, `The key with the id ${value}`]] : options}
    />
  );
}
