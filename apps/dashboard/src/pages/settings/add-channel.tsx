import { useState, type FormEvent } from 'react';
import { Button } from 'react-aria-components';
import { client, dataOf, type Schemas } from '../../api/client.http.js';
import { Choice, Field } from '../../ui/field.js';
import { Card } from '../../ui/page.js';
import { Failure } from '../../ui/states.js';
import { useAction } from '../../ui/use-action.js';
import { refreshNotifications, type Channel } from './channel.http.js';

const KINDS: readonly (readonly [Channel['kind'], string])[] = [
  ['webhook', 'Signed webhook'],
  ['slack', 'Slack'],
  ['email', 'E-mail'],
];
const HINTS: Readonly<Record<Channel['kind'], string>> = {
  webhook: 'https. Messages are signed; the secret is shown once, when the channel is added.',
  slack: 'The URL of an incoming webhook. It is not shown again.',
  email: 'Addresses, separated by commas.',
};

function bodyOf(kind: Channel['kind'], name: string, target: string): Schemas['NewNotificationChannel'] {
  if (kind !== 'email') return { kind, name, url: target.trim() };
  return { kind, name, recipients: target.split(/[\s,;]+/).filter((address) => address !== '') };
}

/** A URL may hold a secret: it is sent, and not shown again. */
export function AddChannel({ onSecret }: { onSecret: (secret: string | null) => void }) {
  const [kind, setKind] = useState<Channel['kind']>('webhook');
  const [name, setName] = useState('');
  const [target, setTarget] = useState('');
  const { error, busy, run } = useAction();
  const add = (event: FormEvent) => {
    event.preventDefault();
    const body = bodyOf(kind, name.trim(), target);
    void run(async () => {
      const { signing_secret } = await dataOf(client.POST('/api/v1/notifications/channels', { body }));
      onSecret(signing_secret);
      setName('');
      setTarget('');
      await refreshNotifications();
    });
  };
  return (
    <Card title="Add a channel">
      <form className="form" onSubmit={add}>
        <Choice label="Kind" value={kind} onChange={(to) => setKind(to as Channel['kind'])} options={KINDS} />
        <Field label="Name of the channel" value={name} onChange={setName} placeholder="On call" />
        <Field
          label={kind === 'email' ? 'Recipients' : 'URL'}
          value={target}
          onChange={setTarget}
          placeholder={kind === 'email' ? 'oncall@example.com' : 'https://ops.example.com/trunkmesh'}
          hint={HINTS[kind]}
        />
        <Button type="submit" className="primary" isDisabled={busy || name.trim() === '' || target.trim() === ''}>
          Add the channel
        </Button>
        {error !== undefined && <Failure error={error} />}
      </form>
    </Card>
  );
}
