import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { api, type Schemas } from '../../api/client.http.js';
import { count, length } from '../../format.js';
import { useSession } from '../../session/session.js';
import { DataTable } from '../../ui/data-table.js';
import { Card, Page } from '../../ui/page.js';
import { Empty, Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { useView } from '../../ui/use-view.js';
import { RefusedList } from '../refused/refused-list.js';
import { refusedFilter } from './call-filter.js';
import { CallFilters } from './call-filters.js';
import { outcomeCode, outcomeText } from './call-text.js';
import { callsQuery, PAGE_SIZE, skipOf } from './calls-query.js';
import { States } from './states.js';
import { StartCall } from './start-call.js';

/** Live and past calls, newest first, refused ones too. */
export default function Calls() {
  const { mayManage } = useSession();
  const [view, setView] = useView();
  const number = view('number');
  const refused = refusedFilter({ trunk: view('trunk'), from: view('from'), to: view('to'), number });
  return (
    <Page title="Calls">
      {mayManage && <StartCall />}
      <CallFilters view={view} onChange={(changes) => setView({ ...changes, skip: '' })} />
      {number === '' ? <CallList /> : <OfNumber number={number}>{(id) => <CallList numberId={id} />}</OfNumber>}
      <Card title="Refused before routing">
        <RefusedList
          filter={refused}
          empty={<p>Nothing. A call from an address that no trunk has would be listed here.</p>}
        />
      </Card>
    </Page>
  );
}

/** The call log knows a number by its id. */
function OfNumber({ number, children }: { number: string; children: (id: string) => ReactNode }) {
  const params = { query: { phone_number: number, limit: 1 } };
  const found = api.useQuery('get', '/api/v1/phone-numbers', { params });
  return (
    <Found of={found}>
      {([own]) =>
        own === undefined ? (
          <Empty title={`${number} is not one of your numbers`}>
            <p>Choose a number from the list, or clear the filter.</p>
          </Empty>
        ) : (
          children(own.id)
        )
      }
    </Found>
  );
}

function CallList({ numberId }: { numberId?: string }) {
  const [view, setView] = useView();
  const skip = skipOf(view);
  const calls = useQuery({ ...callsQuery(view, numberId), placeholderData: (before) => before });
  return (
    <Found of={calls}>
      {({ items, total }) => (
        <>
          <CallTable items={items} />
          <Pager total={total} skip={skip} onSkip={(to) => setView({ skip: to === 0 ? '' : String(to) })} />
        </>
      )}
    </Found>
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
      { id: 'status', title: 'Status', cell: (call) => <States of={call} /> },
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
      {
        id: 'outcome',
        title: 'Outcome',
        share: 1.6,
        wideOnly: true,
        cell: (call) => <span title={outcomeCode(call) ?? undefined}>{outcomeText(call)}</span>,
      },
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
