import { useState } from 'react';
import { Button } from 'react-aria-components';
import { api, client, dataOf, refresh, type Schemas } from '../../api/client.http.js';
import { count } from '../../format.js';
import { useSession } from '../../session/session.js';
import { Badge } from '../../ui/badge.js';
import { Card, Facts } from '../../ui/page.js';
import { Failure, Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { addressToAdd, mayBeOf } from './refused-of-trunk.js';

const READ = 50;

/** Calls that may be this trunk's and that a bridge refused before routing. */
export function RefusedOf({ trunk }: { trunk: Schemas['Trunk'] }) {
  const refused = api.useQuery('get', '/api/v1/refused-calls', { params: { query: { limit: READ } } });
  return (
    <Card title="Refused calls">
      <Found of={refused}>
        {(all) => {
          const rows = all.filter((row) => mayBeOf(row, trunk.id));
          return rows.length === 0 ? (
            <p>None. A call to one of your numbers from an address that no trunk has is listed here.</p>
          ) : (
            <ul className="list">
              {rows.map((row) => (
                <Refused key={row.id} row={row} trunk={trunk} />
              ))}
            </ul>
          );
        }}
      </Found>
    </Card>
  );
}

function Refused({ row, trunk }: { row: Schemas['RefusedCall']; trunk: Schemas['Trunk'] }) {
  const address = addressToAdd(row, trunk.inbound_addresses);
  return (
    <li>
      <Badge state="refused">SIP {row.sip_status}</Badge> <Time at={row.last_at} />: {row.message}
      {row.count > 1 && ` ${count(row.count)} times in that minute.`}
      <p className="muted small">
        From {row.source_address || 'many addresses'}, called {row.number ?? row.called}
        {row.detail !== null && `, ${row.detail}`}
      </p>
      <InviteOf row={row} />
      {address !== undefined && <AddAddress trunkId={trunk.id} address={address} />}
    </li>
  );
}

type Invite = NonNullable<Schemas['RefusedCall']['invite']>;

const InviteFacts = ({ of: { request_uri, from, to, sources, offer } }: { of: Invite }) => (
  <Facts
    of={[
      ['Request-URI', <code key="uri">{request_uri}</code>],
      ['From', <code key="from">{from}</code>],
      ['To', <code key="to">{to}</code>],
      ...sources.map(({ source, value }) => [source, <code key={source}>{value}</code>] as const),
      ['Codecs', offer === null ? 'no SDP' : offer.join(', ')],
    ]}
  />
);

/** The last INVITE of the row; its text is read when one looks. */
function InviteOf({ row: { id, invite } }: { row: Schemas['RefusedCall'] }) {
  const [isOpen, setOpen] = useState(false);
  const params = { path: { id } };
  const detail = api.useQuery('get', '/api/v1/refused-calls/{id}', { params }, { enabled: isOpen });
  if (invite === null) return null;
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Its INVITE</summary>
      <InviteFacts of={invite} />
      {isOpen && (
        <Found of={detail}>
          {({ last_invite }) =>
            last_invite?.text != null && (
              <pre tabIndex={0} aria-label="Text of the INVITE">
                {last_invite.text}
              </pre>
            )
          }
        </Found>
      )}
    </details>
  );
}

/** Calls of the address are accepted as the trunk's as soon as the bridges know. */
export function AddAddress({ trunkId, address }: { trunkId: string; address: string }) {
  const { mayManage } = useSession();
  const [error, setError] = useState<unknown>();
  if (!mayManage) return null;
  const add = async () => {
    setError(undefined);
    const params = { path: { id: trunkId } };
    const answer = client.POST('/api/v1/sip-trunks/{id}/inbound-addresses', { params, body: { address } });
    await dataOf(answer).then(() => refresh('/api/v1/sip-trunks'), setError);
  };
  return (
    <>
      <Button onPress={() => void add()}>Add the address {address}</Button>
      {error !== undefined && <Failure error={error} />}
    </>
  );
}
