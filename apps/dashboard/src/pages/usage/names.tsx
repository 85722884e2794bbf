import { Link } from 'wouter';
import { api } from '../../api/client.http.js';
import { problemOf } from '../../api/problem.js';
import { useTrunkNames } from '../numbers/trunk-names.js';

/** A trunk by its name; one that was deleted has none any more. */
export function TrunkName({ id }: { id: string | null }) {
  const names = useTrunkNames();
  if (id === null) return <>not known</>;
  const name = new Map(names).get(id);
  return name === undefined ? <span title={id}>no longer there</span> : <Link href={`/trunks/${id}`}>{name}</Link>;
}

/** A number by its digits. Only rows in view ask. */
export function NumberName({ id }: { id: string | null }) {
  const number = api.useQuery(
    'get',
    '/api/v1/phone-numbers/{id}',
    { params: { path: { id: id ?? '' } } },
    { enabled: id !== null, staleTime: 600_000 },
  );
  if (id === null) return <>not known</>;
  if (number.data !== undefined) return <>{number.data.phone_number}</>;
  return number.isError && problemOf(number.error).status === 404 ? <span title={id}>no longer there</span> : <>…</>;
}
