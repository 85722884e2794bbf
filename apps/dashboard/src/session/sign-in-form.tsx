import { useState, type FormEvent } from 'react';
import { Button } from 'react-aria-components';
import { client, dataOf } from '../api/client.http.js';
import { Field } from '../ui/field.js';
import { Failure } from '../ui/states.js';
import type { Me } from './session.js';

/** The key was right, and the next request came without the session: the browser did not keep its cookie. */
const COOKIE_DROPPED = {
  title: 'Your browser did not keep the session',
  detail:
    'The API key is valid, but a browser keeps the session only on a secure page. Open this page over https, or on ' +
    'the host itself (http://localhost). If it is open over https already, allow cookies for this page.',
};

/** @throws the problem that the API answered with */
async function signIn(key: string): Promise<Me> {
  await dataOf(client.POST('/api/v1/session', { headers: { Authorization: `Bearer ${key.trim()}` } }));
  const me = await client.GET('/api/v1/users/me');
  if (me.response.status === 401) throw COOKIE_DROPPED;
  return dataOf(Promise.resolve(me));
}

/** The key is sent once, and is kept nowhere in the browser: the service gives a cookie that no script can read. */
export function SignInForm({ onSignedIn }: { onSignedIn: (me: Me) => void }) {
  const [key, setKey] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      onSignedIn(await signIn(key));
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <>
      <form onSubmit={(event) => void submit(event)}>
        <Field
          label="API key"
          type="password"
          value={key}
          onChange={setKey}
          isRequired
          autoFocus
          autoComplete="off"
          hint="A key of your organisation. Your platform's support gives you one; an admin makes more under Settings."
        />
        <Button type="submit" className="primary" isDisabled={busy || key.trim() === ''}>
          Sign in
        </Button>
      </form>
      {error !== undefined && <Failure error={error} />}
    </>
  );
}
