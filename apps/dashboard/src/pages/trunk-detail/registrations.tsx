import { Button } from 'react-aria-components';
import { client, cursorPage, dataOf, type Schemas } from '../../api/client.http.js';
import { REGISTRATION_STATE_WORDS, wordsFor } from '@trunkmesh/contracts/words.js';
import { length } from '../../format.js';
import { Badge } from '../../ui/badge.js';
import { Card } from '../../ui/page.js';
import { Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { usePages } from '../../ui/use-pages.js';
import { dayBar } from './availability.js';

const FIRST_PAGE = 10;
const FURTHER_PAGE = 100;

/** Every change of the gateway's state, and how much of each day calls could use it. */
export function Registrations({ id }: { id: string }) {
  const list = usePages(['/api/v1/sip-trunks/{id}/registrations', id], async (cursor) => {
    const query = { limit: cursor === undefined ? FIRST_PAGE : FURTHER_PAGE, cursor };
    const params = { path: { id }, query };
    const page = await dataOf(client.GET('/api/v1/sip-trunks/{id}/registrations', { params }));
    return { ...page, ...cursorPage(page) };
  });
  return (
    <Card title="Registration and availability">
      <Found of={list.query}>
        {({ pages: [first] }) => (
          <>
            <Days of={first?.availability ?? []} />
            <p className="muted small">Days in {first?.time_zone}.</p>
            {list.items.length === 0 && <p>No bridge has reported on this trunk yet.</p>}
            <ol className="list" aria-label="Changes of the gateway">
              {list.items.map((change) => (
                <Change key={`${change.bridge_id} ${change.at}`} of={change} />
              ))}
            </ol>
          </>
        )}
      </Found>
      {list.loadMore && (
        <Button onPress={list.loadMore} isDisabled={list.isLoadingMore}>
          Show earlier changes
        </Button>
      )}
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
    <Badge state={of.up ? 'up' : 'down'} /> <Time at={of.at} />{' '}
    <b title={of.state}>{wordsFor(REGISTRATION_STATE_WORDS, of.state)}</b> on {of.bridge_id} for{' '}
    {length(of.duration_seconds)}
    {of.sip_status !== null && ` (SIP ${of.sip_status} ${of.sip_phrase ?? ''})`}
    {of.ping === 'down' && <p className="muted small">It did not answer OPTIONS.</p>}
    {of.ended_by === 'bridge-lost' && <p className="muted small">The bridge went offline afterwards.</p>}
  </li>
);
