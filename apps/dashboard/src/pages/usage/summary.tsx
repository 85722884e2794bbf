import { Link } from 'wouter';
import { api, client, cursorPage, dataOf, type Schemas } from '../../api/client.http.js';
import { count, minutes, money, percent } from '../../format.js';
import { DataTable, type DataColumn } from '../../ui/data-table.js';
import { Choice } from '../../ui/field.js';
import { Empty, Found } from '../../ui/states.js';
import { usePages } from '../../ui/use-pages.js';
import { useView } from '../../ui/use-view.js';
import { countryText } from './country.js';
import { daysOf, monthOf, monthText } from './month.js';
import { InTimeZone, MonthChoice } from './month-choice.js';
import { NumberName, TrunkName } from './names.js';

type Group = Schemas['UsageSummaryGroup'];
type By = Schemas['UsageSummaryPage']['by'];

const BY: readonly (readonly [By, string])[] = [
  ['day', 'Day'],
  ['month', 'Month'],
  ['trunk', 'Trunk'],
  ['number', 'Number'],
  ['country', 'Country'],
  ['direction', 'Direction'],
];

/** Sums of a month by day, trunk, number, country or direction; by month, of the last year. */
export const Summary = () => <InTimeZone>{(zone) => <SummaryIn zone={zone} />}</InTimeZone>;

function SummaryIn({ zone }: { zone: string }) {
  const [view, setView] = useView();
  const by = BY.find(([name]) => name === view('by'))?.[0] ?? 'day';
  const month = view('month') || monthOf(Date.now(), zone);
  return (
    <>
      <div className="filters" role="search">
        <Choice label="By" value={by} onChange={(to) => setView({ by: to === 'day' ? '' : to })} options={BY} />
        {by !== 'month' && <MonthChoice value={month} zone={zone} onChange={(to) => setView({ month: to })} />}
      </div>
      {by !== 'month' && <Totals month={month} />}
      <Groups key={by} by={by} month={month} />
      <p className="muted small">
        Days and months are those of {zone}, the organisation&rsquo;s time zone. Your own carriers bill you directly:
        nothing of that is in these amounts.
      </p>
    </>
  );
}

function Groups({ by, month }: { by: By; month: string }) {
  const query = { by, ...(by === 'month' ? {} : daysOf(month)) };
  const groups = usePages(['/api/v1/usage/summary', query], async (cursor) => {
    const { groups: items, next_cursor } = await dataOf(
      client.GET('/api/v1/usage/summary', { params: { query: { ...query, cursor } } }),
    );
    return cursorPage({ items, next_cursor });
  });
  return (
    <Found of={groups.query}>
      {() => (
        <DataTable
          label={`Usage by ${by}`}
          items={groups.items}
          keyOf={({ key, currency, carrier_cost }) => `${key} ${currency} ${carrier_cost}`}
          columns={columnsOf(by)}
          loadMore={groups.loadMore}
          isLoadingMore={groups.isLoadingMore}
          empty={<NoUsage />}
        />
      )}
    </Found>
  );
}

const NoUsage = () => (
  <Empty title="No call ended in this time">
    <p>Choose another month, or place a test call.</p>
    <Link href="/trunks">Open a trunk to wait for a test call</Link>
  </Empty>
);

/** The sums of the whole month: one for each currency and kind of carrier. */
function Totals({ month }: { month: string }) {
  const query = { by: 'month' as const, ...daysOf(month) };
  const totals = api.useQuery('get', '/api/v1/usage/summary', { params: { query } });
  if (totals.data === undefined || totals.data.groups.length === 0) return null;
  return (
    <div className="tiles" role="group" aria-label={`All of ${monthText(month)}`}>
      {totals.data.groups.map((group) => (
        <div className="tile" key={`${group.currency} ${group.carrier_cost}`}>
          {group.currency === null ? 'No rate plan' : 'To pay'}
          <b>
            {group.currency === null ? `${minutes(group.billable_seconds)} min` : money(dueOf(group), group.currency)}
          </b>
          <span className="small">
            {count(group.calls)} calls, {count(group.answered_calls)} answered, {minutes(group.billable_seconds)}{' '}
            minutes
            {group.carrier_cost === 'managed' && ', over the platform’s carriers'}
          </span>
        </div>
      ))}
    </div>
  );
}

const dueOf = ({ amount_micros, free_amount_micros }: Group): string =>
  String(Number(amount_micros) - Number(free_amount_micros ?? 0));

const FIRST: Readonly<Record<By, DataColumn<Group>>> = {
  day: { id: 'key', title: 'Day', cell: ({ key }) => key },
  month: {
    id: 'key',
    title: 'Month',
    cell: ({ key }) => (key === null ? '–' : <Link href={`/usage/statements/${key}`}>{monthText(key)}</Link>),
  },
  trunk: { id: 'key', title: 'Trunk', share: 1.6, cell: ({ key }) => <TrunkName id={key} /> },
  number: { id: 'key', title: 'Number', share: 1.4, cell: ({ key }) => <NumberName id={key} /> },
  country: { id: 'key', title: 'Country', cell: ({ key }) => countryText(key) },
  direction: { id: 'key', title: 'Direction', cell: ({ key }) => key },
};

const columnsOf = (by: By): readonly DataColumn<Group>[] => [
  FIRST[by],
  { id: 'calls', title: 'Calls', cell: ({ calls }) => count(calls) },
  {
    id: 'answered',
    title: 'Answered',
    wideOnly: true,
    cell: ({ answered_calls, calls }) => `${count(answered_calls)} (${percent(answered_calls, calls)})`,
  },
  { id: 'minutes', title: 'Minutes', cell: ({ billable_seconds }) => minutes(billable_seconds) },
  { id: 'charged', title: 'Charged', wideOnly: true, cell: ({ charged_seconds }) => minutes(charged_seconds) },
  { id: 'amount', title: 'Amount', cell: ({ amount_micros, currency }) => money(amount_micros, currency) },
  {
    id: 'carrier',
    title: 'Carrier',
    wideOnly: true,
    cell: ({ carrier_cost }) => (carrier_cost === 'external' ? 'your own' : 'the platform’s'),
  },
];
