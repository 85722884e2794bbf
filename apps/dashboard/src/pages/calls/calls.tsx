import { Link } from 'wouter';
import { api, type Schemas } from '../../api/client.http.js';
import { count, length } from '../../format.js';
import { useSession } from '../../session/session.js';
import { Badge } from '../../ui/badge.js';
import { DataTable } from '../../ui/data-table.js';
import { Choice, Field } from '../../ui/field.js';
import { Card, Page } from '../../ui/page.js';
import { Empty, Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { useView } from '../../ui/use-view.js';
import { callFilter, outcomeText, PAGE_SIZE } from './call-text.js';
import { StartCall } from './start-call.js';

const STATUS = [
  ['', 'All'],
  ['ongoing', 'Ongoing'],
  ['completed', 'Completed'],
  ['failed', 'Failed or refused'],
] as const;
const DIRECTION = [
  ['', 'Both'],
  ['inbound', 'Inbound'],
  ['outbound', 'Outbound'],
] as const;

/** Live and past calls, newest first, refused ones too. */
export default function Calls() {
  const { mayManage } = useSession();
  const [view, setView] = useView();
  const skip = Number(view('skip')) || 0;
  const filter = callFilter({ status: view('status'), direction: view('direction'), phone: view('phone') });
  const calls = api.useQuery(
    'get',
    '/api/v1/calls',
    { params: { query: { limit: PAGE_SIZE, skip, ...filter } } },
    { placeholderData: (before) => before },
  );
  const filterBy = (changes: Record<string, string>) => setView({ ...changes, skip: '' });
  return (
    <Page title="Calls">
      {mayManage && <StartCall />}
      <div className="filters" role="search">
        <Choice label="Status" value={view('status')} onChange={(status) => filterBy({ status })} options={STATUS} />
        <Choice
          label="Direction"
          value={view('direction')}
          onChange={(direction) => filterBy({ direction })}
          options={DIRECTION}
        />
        <Field
          label="Other party"
          value={view('phone')}
          onChange={(phone) => filterBy({ phone })}
          placeholder="+1555"
        />
      </div>
      <Found of={calls}>
        {({ items, total }) => (
          <>
            <CallTable items={items} />
            <Pager total={total} skip={skip} onSkip={(to) => setView({ skip: to === 0 ? '' : String(to) })} />
          </>
        )}
      </Found>
      <RefusedBefore />
    </Page>
  );
}

const CallTable = ({ items }: { items: readonly Schemas['Call'][] }) => (
  <DataTable
    label="Calls"
    items={items}
    keyOf={({ call_id }) => call_id}
    empty={
      <Empty title="No call is shown">
        <p>Place a test call to one of your numbers, or change the filter.</p>
        <Link href="/trunks">Open a trunk to wait for a test call</Link>
      </Empty>
    }
    columns={[
      {
        id: 'when',
        title: 'Began',
        share: 1.3,
        cell: ({ call_sid, started_at }) => (
          <Link href={`/calls/${call_sid}`}>
            <Time at={started_at} />
          </Link>
        ),
      },
      { id: 'status', title: 'Status', cell: ({ status }) => <Badge state={status} /> },
      {
        id: 'other',
        title: 'Other party',
        share: 1.2,
        cell: ({ caller_withheld, customer_phone_number }) => (caller_withheld ? 'withheld' : customer_phone_number),
      },
      {
        id: 'number',
        title: 'Your number',
        share: 1.2,
        wideOnly: true,
        cell: ({ to_phone_number }) => to_phone_number,
      },
      { id: 'direction', title: 'Direction', wideOnly: true, cell: ({ direction }) => direction },
      { id: 'length', title: 'Length', wideOnly: true, cell: ({ duration_seconds }) => length(duration_seconds) },
      { id: 'outcome', title: 'Outcome', share: 1.6, wideOnly: true, cell: outcomeText },
    ]}
  />
);

interface PagerProps {
  total: number;
  skip: number;
  onSkip: (to: number) => void;
}

const Pager = ({ total, skip, onSkip }: PagerProps) => (
  <p className="actions">
    <span className="muted small">
      {total === 0
        ? 'No calls'
        : `${count(skip + 1)} to ${count(Math.min(skip + PAGE_SIZE, total))} of ${count(total)}`}
    </span>
    {skip > 0 && (
      <button type="button" onClick={() => onSkip(Math.max(0, skip - PAGE_SIZE))}>
        Newer
      </button>
    )}
    {skip + PAGE_SIZE < total && (
      <button type="button" onClick={() => onSkip(skip + PAGE_SIZE)}>
        Older
      </button>
    )}
  </p>
);

/** What FreeSWITCH refused before routing is counted by the minute and is no call of the log. */
function RefusedBefore() {
  const refused = api.useQuery('get', '/api/v1/refused-calls', { params: { query: { limit: 20 } } });
  return (
    <Card title="Refused before routing">
      <Found of={refused}>
        {(all) =>
          all.length === 0 ? (
            <p>Nothing. A call from an address that no trunk has would be listed here.</p>
          ) : (
            <ul className="list">
              {all.map((each) => (
                <li key={`${each.minute} ${each.source_address} ${each.called} ${each.reason}`}>
                  <Badge state="refused">SIP {each.sip_status}</Badge> <Time at={each.last_at} />: {each.message}
                  {each.count > 1 && ` ${count(each.count)} times in that minute.`}
                  <p className="muted small">
                    From {each.source_address}, called {each.called}
                  </p>
                </li>
              ))}
            </ul>
          )
        }
      </Found>
    </Card>
  );
}
