import { useState } from 'react';
import { Button } from 'react-aria-components';
import { client, dataOf } from '../../api/client.http.js';
import { Badge } from '../../ui/badge.js';
import { Field } from '../../ui/field.js';
import { Failure } from '../../ui/states.js';
import { useAction } from '../../ui/use-action.js';
import { Time } from '../../ui/time.js';
import { refreshNotifications, type Channel } from './channel.http.js';

type Recipient = NonNullable<Channel['recipient_states']>[number];

/** Who has still to confirm an address, so that nothing but the code goes there; and who has unsubscribed. */
export const Recipients = ({ channel: { id, recipient_states } }: { channel: Channel }) =>
  (recipient_states ?? [])
    .filter(({ state }) => state !== 'confirmed')
    .map((recipient) =>
      recipient.state === 'unsubscribed' ? (
        <Unsubscribed key={recipient.address} of={recipient} />
      ) : (
        <Unconfirmed key={recipient.address} id={id} recipient={recipient} />
      ),
    );

const Unsubscribed = ({ of: { address, unsubscribed_at } }: { of: Recipient }) => (
  <p>
    <Badge state="suspended">unsubscribed</Badge> {address} unsubscribed on <Time at={unsubscribed_at} />. Nothing is
    sent there. Only the recipient can subscribe again, by the link in an e-mail that it got.
  </p>
);

function Unconfirmed({ id, recipient: { address, state } }: { id: string; recipient: Recipient }) {
  const [code, setCode] = useState('');
  const { error, busy, run } = useAction();
  const params = { path: { id } };
  const confirm = async () => {
    const body = { recipient: address, code: code.trim() };
    await dataOf(client.POST('/api/v1/notifications/channels/{id}/recipients/confirm', { params, body }));
    await refreshNotifications();
  };
  const sendCode = async () => {
    const body = { recipient: address };
    await dataOf(client.POST('/api/v1/notifications/channels/{id}/recipients/send-code', { params, body }));
    await refreshNotifications();
  };
  return (
    <div className="filters">
      <Badge state="pending">{state === 'code-sent' ? 'not confirmed' : 'its code is not sent yet'}</Badge>
      <Field label={`Code that ${address} received`} value={code} onChange={setCode} placeholder="ABCDE-FGHJK" />
      <Button isDisabled={busy || code.trim() === ''} onPress={() => void run(confirm)}>
        Confirm {address}
      </Button>
      <Button isDisabled={busy} onPress={() => void run(sendCode)}>
        Send a further code to {address}
      </Button>
      {error !== undefined && <Failure error={error} />}
    </div>
  );
}
