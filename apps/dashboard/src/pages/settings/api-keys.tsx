import { useState, type FormEvent } from 'react';
import { Button } from 'react-aria-components';
import { client, dataOf, pageOf, refresh, type Schemas } from '../../api/client.http.js';
import { useSession } from '../../session/session.js';
import { Confirm } from '../../ui/confirm.js';
import { Choice, Field } from '../../ui/field.js';
import { OnlyAdmins } from '../../ui/only-admins.js';
import { Card } from '../../ui/page.js';
import { Failure, Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { usePages } from '../../ui/use-pages.js';
import { Secret } from './secret.js';

type Key = Schemas['ApiKey'];

const ROLES: readonly (readonly [Key['role'], string])[] = [
  ['admin', 'Admin: may change everything of the organisation'],
  ['member', 'Member: may read everything, and change nothing'],
  ['publisher', 'Publisher: for the platform’s own services'],
];

/** Who may sign in, and what a key may do. */
export function ApiKeys() {
  const { mayManage } = useSession();
  if (!mayManage) return <OnlyAdmins what="see and make API keys" />;
  return (
    <>
      <CreateKey />
      <Keys />
    </>
  );
}

function CreateKey() {
  const [name, setName] = useState('');
  const [role, setRole] = useState<string>('member');
  const [created, setCreated] = useState<Schemas['CreatedApiKey']>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const create = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    const body = { name: name.trim(), role: role as Key['role'] };
    await dataOf(client.POST('/api/v1/api-keys', { body })).then((key) => {
      setCreated(key);
      setName('');
      return refresh('/api/v1/api-keys');
    }, setError);
    setBusy(false);
  };
  return (
    <Card title="Create a key">
      <form className="filters" onSubmit={(event) => void create(event)}>
        <Field label="Name" value={name} onChange={setName} placeholder="Reception" />
        <Choice label="Role" value={role} onChange={setRole} options={ROLES} />
        <Button type="submit" className="primary" isDisabled={busy || name.trim() === ''}>
          Create the key
        </Button>
      </form>
      {created?.key != null && (
        <Secret label={`key ${created.name}`} value={created.key} onDone={() => setCreated(undefined)} />
      )}
      {error !== undefined && <Failure error={error} />}
    </Card>
  );
}

function Keys() {
  const { me } = useSession();
  const keys = usePages(['/api/v1/api-keys', 'list'], (cursor) =>
    pageOf(client.GET('/api/v1/api-keys', { params: { query: { limit: 100, cursor } } })),
  );
  return (
    <Card title="Keys">
      <Found of={keys.query}>
        {() => (
          <ul className="list">
            {keys.items.map((key) => (
              <OneKey key={key.id} of={key} isOwn={key.id === me.key?.id} />
            ))}
          </ul>
        )}
      </Found>
      {keys.loadMore && <Button onPress={keys.loadMore}>Show more keys</Button>}
    </Card>
  );
}

const OneKey = ({ of: { id, name, role, prefix, created_at, last_used_at }, isOwn }: { of: Key; isOwn: boolean }) => (
  <li>
    <b>{name}</b> <span className="badge">{role}</span> {isOwn && <span className="badge good">signed in with it</span>}
    <p className="muted small">
      <code>{prefix}…</code> created <Time at={created_at} />,{' '}
      {last_used_at === null ? (
        'never used'
      ) : (
        <>
          last used <Time at={last_used_at} relative />
        </>
      )}
    </p>
    <Confirm action={`Revoke ${name}`} onConfirm={() => revoke(id)}>
      <p>Whoever uses this key is refused from now on. A revoked key cannot be restored.</p>
      {isOwn && <p>You signed in with this key: you are signed out.</p>}
    </Confirm>
  </li>
);

async function revoke(id: string): Promise<void> {
  await dataOf(client.DELETE('/api/v1/api-keys/{id}', { params: { path: { id } } }));
  await refresh('/api/v1/api-keys', '/api/v1/users/me');
}
