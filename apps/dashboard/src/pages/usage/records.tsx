import { Link } from 'wouter';
import { client, cursorPage, dataOf, type Schemas } from '../../api/client.http.js';
import { pathWith } from '../../api/raw.http.js';
import { TrunkChoice } from '../../choices/trunk-choice.js';
import { ADJUSTMENT_WORDS, wordsFor } from '@trunkmesh/contracts/words.js';
import { length, money } from '../../format.js';
import { DataTable, type DataColumn } from '../../ui/data-table.js';
import { Download } from '../../ui/download.js';
import { Choice, Field } from '../../ui/field.js';
import { Empty, Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { usePages } from '../../ui/use-pages.js';
import { useView } from '../../ui/use-view.js';
import { countryText } from './country.js';
import { instantsOf, monthOf } from './month.js';
import { InTimeZone, MonthChoice } from './month-choice.js';

type Entry = Schemas['LedgerEntry'];

const DIRECTION = [
  ['', 'Both'],
  ['inbound', 'Inbound'],
  ['outbound', 'Outbound'],
] as const;

/** The entries of the ledger: each call, and each correction of one. */
export const Records = () => <InTimeZone>{(zone) => <RecordsIn zone={zone} />}</InTimeZone>;

function RecordsIn({ zone }: { zone: string }) {
  const [view, setView] = useView();
  const month = view('month') || monthOf(Date.now(), zone);
  const filter = filterOf(view, instantsOf(month, zone));
  const entries = usePages(['/api/v1/usage/records', filter], async (cursor) =>
    cursorPage(
      await dataOf(client.GET('/api/v1/usage/records', { params: { query: { ...filter, limit: 200, cursor } } })),
    ),
  );
  return (
    <>
      <div className="filters" role="search">
        <MonthChoice value={month} zone={zone} onChange={(to) => setView({ month: to })} />
        <TrunkChoice label="Trunk" value={view('trunk')} onChange={(trunk) => setView({ trunk })} none="Any" />
        <Choice
          label="Direction"
          value={view('direction')}
          onChange={(direction) => setView({ direction })}
          options={DIRECTION}
        />
        <Field
          label="Country"
          value={view('country')}
          onChange={(country) => setView({ country: country.toUpperCase() })}
          placeholder="DE"
          maxLength={2}
        />
        <Download path={pathWith('/api/v1/usage/records', filter)} accept="text/csv" name={`usage-${month}.csv`}>
          Download all as CSV
        </Download>
      </div>
      <Found of={entries.query}>
        {() => (
          <DataTable
            label="Calls in the ledger"
            items={entries.items}
            keyOf={({ entry_id }) => entry_id}
            columns={COLUMNS}
            loadMore={entries.loadMore}
            isLoadingMore={entries.isLoadingMore}
            empty={
              <Empty title="No call matches">
                <p>Choose another month, or clear the filters.</p>
              </Empty>
            }
          />
        )}
      </Found>
    </>
  );
}

/** A country is sent when it has both letters; 001 has three digits. */
const filterOf = (view: (name: string) => string, period: { date_from: string; date_to: string }) => ({
  ...period,
  ...(view('trunk') === '' ? {} : { trunk_id: view('trunk') }),
  ...(view('direction') === '' ? {} : { direction: view('direction') as Entry['direction'] }),
  ...(/^([A-Z]{2}|001)$/.test(view('country')) ? { country: view('country') } : {}),
});

const COLUMNS: readonly DataColumn<Entry>[] = [
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
  {
    id: 'kind',
    title: 'Entry',
    wideOnly: true,
    cell: ({ kind, reason, estimated }) =>
      kind === 'call'
        ? estimated
          ? 'estimated'
          : 'call'
        : `${kind}${reason === null ? '' : `: ${wordsFor(ADJUSTMENT_WORDS, reason)}`}`,
  },
  { id: 'from', title: 'From', share: 1.2, wideOnly: true, cell: ({ from_number }) => from_number },
  { id: 'to', title: 'To', share: 1.2, cell: ({ to_number }) => to_number },
  {
    id: 'country',
    title: 'Country',
    wideOnly: true,
    cell: ({ country }) => (country === null ? '–' : countryText(country)),
  },
  { id: 'length', title: 'Length', cell: ({ billable_seconds }) => length(billable_seconds) },
  { id: 'charged', title: 'Charged', wideOnly: true, cell: ({ charged_seconds }) => length(charged_seconds) },
  { id: 'amount', title: 'Amount', cell: ({ amount_micros, currency }) => money(amount_micros, currency) },
];
