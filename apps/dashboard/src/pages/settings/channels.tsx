import { useState } from 'react';
import { Button } from 'react-aria-components';
import { client, dataOf, type Schemas } from '../../api/client.http.js';
import { Badge } from '../../ui/badge.js';
import { Confirm } from '../../ui/confirm.js';
import { Card } from '../../ui/page.js';
import { Empty, Failure } from '../../ui/states.js';
import { AddChannel } from './add-channel.js';
import { refreshNotifications, type Channel } from './channel.http.js';
import { Recipients } from './recipients.js';
import { Secret } from './secret.js';

/** Where messages can go. */
export function Channels({ of }: { of: readonly Channel[] }) {
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <>
      {of.length === 0 ? (
        <Empty title="Nobody is notified yet">
          <p>
            Add a channel: a webhook, Slack or e-mail. Then choose what it is notified of, for example a trunk that lost
            its registration.
          </p>
        </Empty>
      ) : (
        <Card title="Channels">
          <ul className="list">
            {of.map((channel) => (
              <OneChannel key={channel.id} channel={channel} onSecret={setSecret} />
            ))}
          </ul>
        </Card>
      )}
      {secret !== null && <Secret label="signing secret" value={secret} onDone={() => setSecret(null)} />}
      <AddChannel onSecret={setSecret} />
    </>
  );
}

interface OneChannelProps {
  channel: Channel;
  onSecret: (secret: string | null) => void;
}

function OneChannel({ channel, onSecret }: OneChannelProps) {
  const { id, name, kind, enabled, host, recipients } = channel;
  const [delivery, setDelivery] = useState<Schemas['NotificationDelivery']>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const params = { path: { id } };
  const change = (body: Schemas['NotificationChannelPatch']) =>
    dataOf(client.PATCH('/api/v1/notifications/channels/{id}', { params, body })).then(async (changed) => {
      onSecret(changed.signing_secret);
      await refreshNotifications();
    });
  const test = async () => {
    setBusy(true);
    setError(undefined);
    await dataOf(client.POST('/api/v1/notifications/channels/{id}/test', { params })).then(setDelivery, setError);
    setBusy(false);
    await refreshNotifications();
  };
  const remove = async () => {
    await dataOf(client.DELETE('/api/v1/notifications/channels/{id}', { params }));
    await refreshNotifications();
  };
  return (
    <li>
      <b>{name}</b> <span className="badge">{kind}</span> {!enabled && <Badge state="suspended">off</Badge>}{' '}
      <span className="muted">{host ?? recipients?.join(', ')}</span>
      <div className="actions">
        <Button isDisabled={busy} onPress={() => void test()}>
          {busy ? 'Sending…' : `Test ${name}`}
        </Button>
        <Button onPress={() => void change({ enabled: !enabled }).catch(setError)}>{toggleText(enabled, name)}</Button>
        {kind === 'webhook' && (
          <Confirm action={`New secret for ${name}`} onConfirm={() => change({ signing_secret: null })}>
            <p>Messages are signed with the new secret at once. The receiver refuses them until it has it.</p>
          </Confirm>
        )}
        <Confirm action={`Delete ${name}`} onConfirm={remove}>
          <p>What waits for it is given up. A channel that a rule uses cannot be deleted: change the rule first.</p>
        </Confirm>
      </div>
      <Recipients channel={channel} />
      {delivery && <TestResult delivery={delivery} />}
      {error !== undefined && <Failure error={error} />}
    </li>
  );
}

const toggleText = (enabled: boolean, name: string) => `${enabled ? 'Turn off' : 'Turn on'} ${name}`;

const TestResult = ({ delivery: { state, last_error } }: { delivery: Schemas['NotificationDelivery'] }) => (
  <p role="status" className={state === 'delivered' ? 'notice good' : 'notice bad'}>
    {state === 'delivered' ? 'The test message arrived.' : `The test message did not arrive. ${last_error ?? ''}`}
  </p>
);
