import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation, useParams } from 'wouter';
import { client, dataOf, refresh, type Schemas } from '../../api/client.http.js';
import { EditForm } from '../../form/edit-form.js';
import { useEdit, type Versioned } from '../../form/use-edit.js';
import { useSession } from '../../session/session.js';
import { Confirm } from '../../ui/confirm.js';
import { OnlyAdmins } from '../../ui/only-admins.js';
import { Page } from '../../ui/page.js';
import { Found } from '../../ui/states.js';
import { useView } from '../../ui/use-view.js';
import { NumberReadiness } from '../numbers/number-readiness.js';
import { NUMBER_FIELDS, numberValues } from './number-fields.js';

const PATH = '/api/v1/phone-numbers/{id}';

async function load(id: string): Promise<Versioned & { number: string }> {
  const answer = await client.GET(PATH, { params: { path: { id } } });
  const number = await dataOf(Promise.resolve(answer));
  return {
    values: numberValues(number!),
    number: number!.phone_number,
    etag: answer.response.headers.get('ETag') ?? '*',
  };
}

/** One number: whether it is ready, and everything that can be set. `?field=` is the one to mend. */
export default function NumberEdit() {
  const { mayManage } = useSession();
  const { id = '' } = useParams<{ id: string }>();
  // Not by its path: what changes meanwhile must not change what is being written.
  const number = useQuery({ queryKey: ['number-edit', id], queryFn: () => load(id), staleTime: Infinity, gcTime: 0 });
  return (
    <Page
      title={number.data?.number ?? 'Number'}
      back={{ to: '/numbers', label: 'Numbers' }}
      actions={mayManage && number.data && <Remove id={id} number={number.data.number} />}
    >
      <NumberReadiness id={id} />
      {mayManage ? (
        <Found of={number}>{(first) => <NumberForm id={id} first={first} />}</Found>
      ) : (
        <OnlyAdmins what="change a number" />
      )}
    </Page>
  );
}

const FIELDS = NUMBER_FIELDS.flatMap(({ fields }) => fields);

function NumberForm({ id, first }: { id: string; first: Versioned }) {
  const [view] = useView();
  const [saved, setSaved] = useState(false);
  const edit = useEdit({
    fields: FIELDS,
    first,
    load: () => load(id),
    save: async (patch, etag) => {
      setSaved(false);
      const params = { path: { id }, header: { 'If-Match': etag } };
      await dataOf(client.PATCH(PATH, { params, body: patch as Schemas['PhoneNumberChange'] }));
      await refresh('/api/v1/phone-numbers');
      return load(id);
    },
    onSaved: () => setSaved(true),
  });
  return (
    <>
      <EditForm groups={NUMBER_FIELDS} edit={edit} focus={view('field')} />
      {saved && !edit.isChanged && <p role="status">Saved. New calls use it.</p>}
    </>
  );
}

function Remove({ id, number }: { id: string; number: string }) {
  const [, navigate] = useLocation();
  const remove = async () => {
    await dataOf(client.DELETE(PATH, { params: { path: { id } } }));
    await refresh('/api/v1/phone-numbers');
    navigate('/numbers');
  };
  return (
    <Confirm action="Remove the number" onConfirm={remove}>
      <p>Calls to {number} are no longer accepted. The calls of before stay in the log.</p>
    </Confirm>
  );
}
