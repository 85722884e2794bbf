import { useQuery } from '@tanstack/react-query';
import { useLocation, useParams } from 'wouter';
import { api, client, dataOf, refresh, type Schemas } from '../../api/client.http.js';
import { EditForm } from '../../form/edit-form.js';
import type { Values } from '../../form/fields.js';
import { useEdit, type Versioned } from '../../form/use-edit.js';
import { useSession } from '../../session/session.js';
import { OnlyAdmins } from '../../ui/only-admins.js';
import { Page } from '../../ui/page.js';
import { Found } from '../../ui/states.js';
import { useView } from '../../ui/use-view.js';
import { trunkFields } from './trunk-fields.js';

type Preset = Schemas['TrunkPreset'];

async function load(id: string): Promise<Versioned> {
  const answer = await client.GET('/api/v1/sip-trunks/{id}', { params: { path: { id } } });
  return { values: await dataOf(Promise.resolve(answer)), etag: answer.response.headers.get('ETag') ?? '*' };
}

/** All settings of a trunk. `?field=` is the one to mend. */
export default function TrunkEdit() {
  const { mayManage } = useSession();
  const { id = '' } = useParams<{ id: string }>();
  // Not by its path: what changes meanwhile must not change what is being written.
  const trunk = useQuery({ queryKey: ['trunk-edit', id], queryFn: () => load(id), staleTime: Infinity, gcTime: 0 });
  const presets = api.useQuery('get', '/api/v1/sip-trunks/presets', {}, { staleTime: Infinity });
  return (
    <Page title="Edit the trunk" back={{ to: `/trunks/${id}`, label: 'Trunk' }}>
      {mayManage ? (
        <Found of={trunk}>
          {(first) => <Found of={presets}>{(all) => <TrunkForm id={id} first={first} presets={all} />}</Found>}
        </Found>
      ) : (
        <OnlyAdmins what="change a trunk" />
      )}
    </Page>
  );
}

function TrunkForm({ id, first, presets }: { id: string; first: Versioned; presets: readonly Preset[] }) {
  const [view] = useView();
  const [, navigate] = useLocation();
  const preset = presets.find((each) => each.id === first.values['provider']);
  const groups = trunkFields(preset);
  const edit = useEdit({
    fields: groups.flatMap(({ fields }) => fields),
    first,
    load: () => load(id),
    save: async (patch: Values, etag: string) => {
      const params = { path: { id }, header: { 'If-Match': etag } };
      await dataOf(client.PATCH('/api/v1/sip-trunks/{id}', { params, body: patch as Schemas['TrunkPatch'] }));
      await refresh('/api/v1/sip-trunks', '/api/v1/trunk-states');
      return load(id);
    },
    onSaved: () => navigate(`/trunks/${id}`),
  });
  return (
    <>
      {preset?.notes.map((note) => (
        <p key={note} className="muted">
          {preset.name}: {note}
        </p>
      ))}
      <EditForm groups={groups} edit={edit} focus={view('field')} />
    </>
  );
}
