import { client, cursorPage, dataOf, type Schemas } from '../../api/client.http.js';
import { pathWith } from '../../api/raw.http.js';
import { length, money } from '../../format.js';
import { DataTable, type DataColumn } from '../../ui/data-table.js';
import { Download } from '../../ui/download.js';
import { Choice } from '../../ui/field.js';
import { Card } from '../../ui/page.js';
import { Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { usePages } from '../../ui/use-pages.js';
import { useView } from '../../ui/use-view.js';

type Difference = Schemas['CarrierDifference'];
type Kind = Schemas['Reconciliation']['groups'][number]['kind'];
type Cause = NonNullable<Difference['cause']>;

export const KINDS: Readonly<Record<Kind, string>> = {
  matched: 'Agrees',
  'only-ours': 'Only ours: the file lacks the call',
  'only-theirs': 'Only theirs: the ledger lacks the call',
  'duration-differs': 'The length differs',
};
export const CAUSES: Readonly<Record<Cause, string>> = {
  rounding: 'rounding',
  'other-increment': 'other increments',
  'unanswered-billed': 'not answered, but billed',
  'unanswered-attempt-billed': 'an attempt that was not answered, but billed',
  'ringing-billed': 'the ringing is billed',
  'billed-twice': 'billed twice',
};
const KIND_OPTIONS = [
  ['', 'All'],
  ...Object.entries(KINDS).filter(([kind]) => kind !== 'matched'),
] as readonly (readonly [string, string])[];
const CAUSE_OPTIONS = [['', 'Any'], ...Object.entries(CAUSES)] as readonly (readonly [string, string])[];

/** What differs, call by call. */
export function Differences({ run: { id, name } }: { run: Schemas['Reconciliation'] }) {
  const [view, setView] = useView();
  const filter = {
    ...(view('kind') === '' ? {} : { kind: view('kind') as Difference['kind'] }),
    ...(view('cause') === '' ? {} : { cause: view('cause') as Cause }),
  };
  const path = `/api/v1/usage/reconciliations/${id}/differences`;
  const list = usePages([path, filter], async (cursor) =>
    cursorPage(
      await dataOf(
        client.GET('/api/v1/usage/reconciliations/{id}/differences', {
          params: { path: { id }, query: { ...filter, limit: 200, cursor } },
        }),
      ),
    ),
  );
  return (
    <Card title="Differences">
      <div className="filters" role="search">
        <Choice label="Kind" value={view('kind')} onChange={(kind) => setView({ kind })} options={KIND_OPTIONS} />
        <Choice label="Cause" value={view('cause')} onChange={(cause) => setView({ cause })} options={CAUSE_OPTIONS} />
        <Download path={pathWith(path, filter)} accept="text/csv" name={`differences-${name || id}.csv`}>
          Download as CSV
        </Download>
      </div>
      <Found of={list.query}>
        {() => (
          <DataTable
            label="Differences"
            items={list.items}
            keyOf={({ difference_id }) => difference_id}
            columns={COLUMNS}
            loadMore={list.loadMore}
            isLoadingMore={list.isLoadingMore}
            empty={<p>No difference matches: the carrier bills what the ledger has.</p>}
          />
        )}
      </Found>
    </Card>
  );
}

const COLUMNS: readonly DataColumn<Difference>[] = [
  { id: 'kind', title: 'Kind', cell: ({ kind }) => KINDS[kind].split(':')[0] },
  { id: 'cause', title: 'Cause', wideOnly: true, cell: ({ cause }) => (cause === null ? '–' : CAUSES[cause]) },
  { id: 'to', title: 'To', share: 1.5, cell: ({ to_number }) => to_number },
  { id: 'from', title: 'From', share: 1.5, wideOnly: true, cell: ({ from_number }) => from_number },
  {
    id: 'when',
    title: 'Time',
    share: 1.5,
    wideOnly: true,
    cell: ({ our_time, their_time }) => <Time at={our_time ?? their_time} />,
  },
  { id: 'ours', title: 'Ours', cell: ({ our_seconds }) => length(our_seconds) },
  { id: 'theirs', title: 'Theirs', cell: ({ their_seconds }) => length(their_seconds) },
  {
    id: 'amount',
    title: 'Billed',
    wideOnly: true,
    cell: ({ amount_micros, currency }) => (amount_micros === null ? '–' : money(amount_micros, currency)),
  },
  { id: 'line', title: 'Line', wideOnly: true, cell: ({ their_line }) => their_line ?? '–' },
];
