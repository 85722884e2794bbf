import { useQuery } from '@tanstack/react-query';
import { client, dataOf, refresh, type Schemas } from '../../api/client.http.js';
import { EditForm } from '../../form/edit-form.js';
import type { Values } from '../../form/fields.js';
import { useEdit, type Versioned } from '../../form/use-edit.js';
import { Found } from '../../ui/states.js';
import { QUOTA_FIELDS, quotasWith } from './quotas.js';

const GROUPS = [{ title: 'Ceilings', fields: QUOTA_FIELDS }];

async function load(id: string): Promise<Versioned & { values: Schemas['Organization'] }> {
  const answer = await client.GET('/api/v1/organizations/{id}', { params: { path: { id } } });
  return { values: await dataOf(Promise.resolve(answer)), etag: answer.response.headers.get('ETag') ?? '*' };
}

/** What the operator allows an organisation. */
export function QuotasForm({ id }: { id: string }) {
  // Not by its path: what changes meanwhile must not change what is being written.
  const first = useQuery({ queryKey: ['quotas', id], queryFn: () => load(id), staleTime: Infinity, gcTime: 0 });
  return <Found of={first}>{(found) => <Quotas id={id} first={found} />}</Found>;
}

function Quotas({ id, first }: { id: string; first: Versioned }) {
  const edit = useEdit({
    fields: QUOTA_FIELDS,
    first,
    load: () => load(id),
    save: async ({ quotas }: Values, etag: string) => {
      const { values } = await load(id);
      const params = { path: { id }, header: { 'If-Match': etag } };
      const body = { quotas: quotasWith(values.quotas, quotas as Values) };
      await dataOf(client.PATCH('/api/v1/organizations/{id}', { params, body }));
      await refresh('/api/v1/organizations');
      return load(id);
    },
    onSaved: () => undefined,
  });
  return (
    <>
      <p className="muted small">Ceilings. Empty: as the installation. 0: any number.</p>
      <EditForm groups={GROUPS} edit={edit} focus="" />
    </>
  );
}
