import { useState } from 'react';
import { Button } from 'react-aria-components';
import { api, type Schemas } from '../../api/client.http.js';
import { length, words } from '../../format.js';
import { Badge } from '../../ui/badge.js';
import { Card } from '../../ui/page.js';
import { Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { dayBar } from './availability.js';

const FEW = 10;
const MANY = 100;

/** Every change of the gateway's state, and how much of each day calls could use it. */
export function Registrations({ id }: { id: string }) {
  const [limit, setLimit] = useState(FEW);
  const registrations = api.useQuery(
    'get',
    '/api/v1/sip-trunks/{id}/registrations',
    { params: { path: { id }, query: { limit } } },
    { placeholderData: (before) => before },
  );
  return (
    <Card title="Registration and availability">
      <Found of={registrations}>
        {({ items, availability, time_zone, next_cursor }) => (
          <>
            <Days of={availability} />
            <p className="muted small">Days in {time_zone}.</p>
            {items.length === 0 && <p>No bridge has reported on this trunk yet.</p>}
            <ol className="list" aria-label="Changes of the gateway">
              {items.map((change) => (
                <Change key={`${change.bridge_id} ${change.at}`} of={change} />
              ))}
            </ol>
            {next_cursor !== null && limit === FEW && <Button onPress={() => setLimit(MANY)}>Show more</Button>}
          </>
        )}
      </Found>
    </Card>
  );
}

const Days = ({ of }: { of: Schemas['Registrations']['availability'] }) => (
  <ul className="days" aria-label="Availability per day">
    {of.map(dayBar).map(({ date, up, down, text }) => (
      <li key={date}>
        <span className="small">{date}</span>
        <svg className="plot" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
          <rect className="track" width="100" height="8" />
          <rect className="up" width={up} height="8" />
          <rect className="down" x={up} width={down} height="8" />
        </svg>
        <span className="small">{text}</span>
      </li>
    ))}
  </ul>
);

const Change = ({ of }: { of: Schemas['RegistrationChange'] }) => (
  <li>
    <Badge state={of.up ? 'up' : 'down'} /> <Time at={of.at} /> <b>{words(of.state)}</b> on {of.bridge_id} for{' '}
    {length(of.duration_seconds)}
    {of.sip_status !== null && ` (SIP ${of.sip_status} ${of.sip_phrase ?? ''})`}
    {of.ping === 'down' && <p className="muted small">It did not answer OPTIONS.</p>}
    {of.ended_by === 'bridge-lost' && <p className="muted small">The bridge went offline afterwards.</p>}
  </li>
);
