import { useMemo, useState } from 'react';
import { Button, type Selection } from 'react-aria-components';
import { Link } from 'wouter';
import { client, pageOf, refresh, type Schemas } from '../../api/client.http.js';
import { pathWith } from '../../api/raw.http.js';
import { TrunkChoice } from '../../choices/trunk-choice.js';
import { count } from '../../format.js';
import { useSession } from '../../session/session.js';
import { Badge } from '../../ui/badge.js';
import { DataTable } from '../../ui/data-table.js';
import { Download } from '../../ui/download.js';
import { Choice, Field } from '../../ui/field.js';
import { Page } from '../../ui/page.js';
import { Empty, Found } from '../../ui/states.js';
import { usePages } from '../../ui/use-pages.js';
import { useView } from '../../ui/use-view.js';
import { AddNumber } from './add-number.js';
import { AssignNumbers } from './assign-numbers.js';
import { filterOf, targetText } from './number-filter.js';
import { NumberReadiness } from './number-readiness.js';
import { useTrunkNames } from './trunk-names.js';

const SHOW = [
  ['', 'All'],
  ['without-trunk', 'Without a trunk'],
  ['without-assistant', 'Without an assistant or flow'],
  ['inactive', 'Inactive'],
] as const;

const toNumber = ({ id, phone_number }: Schemas['PhoneNumber']) => <Link href={`/numbers/${id}`}>{phone_number}</Link>;

const HowMany = ({ total, limited }: { total: number; limited: boolean }) => (
  <p className="muted small">
    {limited && 'More than '}
    {count(total)} numbers. Select one to see whether it is ready.
  </p>
);

/** The organisation's numbers: which trunk each comes by, and who answers. */
export default function Numbers() {
  const { mayManage } = useSession();
  const [view, setView] = useView();
  const [selected, setSelected] = useState<Selection>(new Set());
  const trunks = useTrunkNames();
  const names = useMemo(() => new Map(trunks), [trunks]);
  const filter = filterOf({ q: view('q'), show: view('show'), trunk: view('trunk') });
  const list = usePages(['/api/v1/phone-numbers', 'list', filter], (cursor) =>
    pageOf(client.GET('/api/v1/phone-numbers', { params: { query: { limit: 200, cursor, ...filter } } })),
  );
  const { items } = list;
  const chosen = selected === 'all' ? items.map(({ id }) => id) : [...selected].map(String);
  const done = async () => {
    setSelected(new Set());
    await refresh('/api/v1/phone-numbers');
  };
  return (
    <Page
      title="Numbers"
      actions={
        <>
          {mayManage && (
            <Link href="/numbers/import" className="button">
              Import a CSV
            </Link>
          )}
          <Download path={pathWith('/api/v1/phone-numbers', filter)} accept="text/csv" name="numbers.csv">
            Export as CSV
          </Download>
        </>
      }
    >
      {mayManage && <AddNumber onDone={done} />}
      <div className="filters" role="search">
        <Field label="Search" value={view('q')} onChange={(q) => setView({ q })} placeholder="Number or name" />
        <Choice label="Show" value={view('show')} onChange={(show) => setView({ show })} options={SHOW} />
        <TrunkChoice label="Trunk" value={view('trunk')} onChange={(trunk) => setView({ trunk })} none="Any" />
      </div>
      {mayManage && chosen.length > 0 && <AssignNumbers ids={chosen} onDone={done} />}
      {chosen.length === 1 && <NumberReadiness id={chosen[0]!} />}
      <Found of={list.query}>
        {() => (
          <>
            <HowMany total={list.total} limited={list.limited} />
            <DataTable
              label="Numbers"
              items={items}
              keyOf={({ id }) => id}
              selected={selected}
              onSelect={setSelected}
              loadMore={list.loadMore}
              isLoadingMore={list.isLoadingMore}
              empty={<NoNumbers onClear={() => setView({ q: '', show: '', trunk: '' })} />}
              columns={[
                { id: 'number', title: 'Number', share: 1.4, cell: toNumber },
                { id: 'name', title: 'Name', wideOnly: true, cell: ({ friendly_name }) => friendly_name ?? '–' },
                {
                  id: 'trunk',
                  title: 'Trunk',
                  cell: ({ sip_trunk_id }) => names.get(sip_trunk_id ?? '') ?? (sip_trunk_id ? '…' : 'none'),
                },
                { id: 'target', title: 'Answered by', share: 1.4, cell: targetText },
                {
                  id: 'active',
                  title: 'State',
                  wideOnly: true,
                  cell: ({ is_active }) => <Badge state={is_active ? 'active' : 'inactive'} />,
                },
              ]}
            />
          </>
        )}
      </Found>
    </Page>
  );
}

const NoNumbers = ({ onClear }: { onClear: () => void }) => (
  <Empty title="No number is shown">
    <p>Add a number or import a CSV above, or show all numbers.</p>
    <Button onPress={onClear}>Show all numbers</Button>
  </Empty>
);
