import { Button } from 'react-aria-components';
import { client, cursorPage, dataOf, type Schemas } from '../../api/client.http.js';
import { Badge } from '../../ui/badge.js';
import { Choice } from '../../ui/field.js';
import { Card } from '../../ui/page.js';
import { Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { usePages } from '../../ui/use-pages.js';
import { useView } from '../../ui/use-view.js';
import type { Channel } from './channel.http.js';

type Delivery = Schemas['NotificationDelivery'];

const STATE = [
  ['', 'All'],
  ['pending', 'Waiting'],
  ['delivered', 'Delivered'],
  ['given-up', 'Given up'],
] as const;
const BADGES: Readonly<Record<Delivery['state'], readonly [string, string]>> = {
  pending: ['pending', 'waiting'],
  delivered: ['done', 'delivered'],
  'given-up': ['failed', 'given up'],
};

/** The messages of the last 30 days, and what became of each. */
export function Deliveries({ channels }: { channels: readonly Channel[] }) {
  const [view, setView] = useView();
  const filter = {
    ...(view('state') === '' ? {} : { state: view('state') as Delivery['state'] }),
    ...(view('channel') === '' ? {} : { channel_id: view('channel') }),
  };
  const list = usePages(['/api/v1/notifications/deliveries', filter], async (cursor) =>
    cursorPage(
      await dataOf(
        client.GET('/api/v1/notifications/deliveries', { params: { query: { ...filter, limit: 50, cursor } } }),
      ),
    ),
  );
  const names = channels.map(({ id, name }) => [id, name] as const);
  return (
    <Card title="Messages of the last 30 days">
      <div className="filters" role="search">
        <Choice label="State" value={view('state')} onChange={(state) => setView({ state })} options={STATE} />
        <Choice
          label="Channel"
          value={view('channel')}
          onChange={(channel) => setView({ channel })}
          options={[['', 'Any'], ...names]}
        />
      </div>
      <Found of={list.query}>
        {() =>
          list.items.length === 0 ? (
            <p>No message matches. Send a test to see one here.</p>
          ) : (
            <ul className="list">
              {list.items.map((delivery) => (
                <OneDelivery key={delivery.id} delivery={delivery} names={new Map(names)} />
              ))}
            </ul>
          )
        }
      </Found>
      {list.loadMore && (
        <Button onPress={list.loadMore} isDisabled={list.isLoadingMore}>
          Show older messages
        </Button>
      )}
    </Card>
  );
}

interface OneDeliveryProps {
  delivery: Delivery;
  names: ReadonlyMap<string, string>;
}

function OneDelivery({ delivery, names }: OneDeliveryProps) {
  const { state, created_at, channel_id, message, attempts, last_error, next_attempt_at } = delivery;
  const [tone, text] = BADGES[state];
  return (
    <li>
      <Badge state={tone}>{text}</Badge> <Time at={created_at} /> to {names.get(channel_id) ?? 'a former channel'}:{' '}
      {message.data.summary}
      {last_error !== null && (
        <p className="muted small">
          Tried {attempts} times. Last: {last_error}{' '}
          {next_attempt_at !== null && (
            <>
              Next <Time at={next_attempt_at} />.
            </>
          )}
        </p>
      )}
    </li>
  );
}
