import { Link } from 'wouter';
import { api } from '../../api/client.http.js';
import { useSession } from '../../session/session.js';
import { Badge } from '../../ui/badge.js';
import { Card } from '../../ui/page.js';
import { Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { HistoryList } from '../history/history-list.js';
import { historyOf } from '../history/history-text.js';

const SHOWN = 10;

export function NumbersOf({ trunkId }: { trunkId: string }) {
  const numbers = api.useQuery('get', '/api/v1/phone-numbers', {
    params: { query: { sip_trunk_id: trunkId, limit: SHOWN } },
  });
  return (
    <Card title="Numbers" actions={<Link href={`/numbers?trunk=${trunkId}`}>All numbers of the trunk</Link>}>
      <Found of={numbers}>
        {(all) =>
          all.length === 0 ? (
            <p>
              No number is assigned to this trunk. <Link href="/numbers">Assign one</Link>, so that its calls reach an
              assistant.
            </p>
          ) : (
            <ul className="list">
              {all.map(({ id, phone_number, friendly_name }) => (
                <li key={id}>
                  {phone_number} <span className="muted">{friendly_name}</span>
                </li>
              ))}
            </ul>
          )
        }
      </Found>
    </Card>
  );
}

export function CallsOf({ trunkId }: { trunkId: string }) {
  const calls = api.useQuery('get', '/api/v1/calls', { params: { query: { trunk_id: trunkId, limit: SHOWN } } });
  return (
    <Card title="Latest calls" actions={<Link href={`/calls?trunk=${trunkId}`}>All calls of the trunk</Link>}>
      <Found of={calls}>
        {({ items }) =>
          items.length === 0 ? (
            <p>No call has come over this trunk yet. Wait for a test call, then place one.</p>
          ) : (
            <ul className="list">
              {items.map(({ call_sid, status, direction, customer_phone_number, started_at }) => (
                <li key={call_sid}>
                  <Badge state={status} />{' '}
                  <Link href={`/calls/${call_sid}`}>{customer_phone_number || 'withheld'}</Link> {direction},{' '}
                  <Time at={started_at} />
                </li>
              ))}
            </ul>
          )
        }
      </Found>
    </Card>
  );
}

/** Who changed what, and when. */
export function TrunkHistory({ trunkId }: { trunkId: string }) {
  const { mayManage } = useSession();
  const history = api.useQuery(
    'get',
    '/api/v1/events',
    { params: { query: { entity: 'trunk', entity_id: trunkId, limit: SHOWN } } },
    { enabled: mayManage },
  );
  if (!mayManage) return null;
  return (
    <Card title="History" actions={<Link href={historyOf('trunk', trunkId)}>The whole history</Link>}>
      <Found of={history}>{({ items }) => <HistoryList of={items} isOfOne />}</Found>
    </Card>
  );
}
