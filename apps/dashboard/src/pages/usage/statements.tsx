import { Link, useParams } from 'wouter';
import { api, type Schemas } from '../../api/client.http.js';
import { ADJUSTMENT_WORDS, wordsFor } from '@trunkmesh/contracts/words.js';
import { count, minutes, money, rate, words } from '../../format.js';
import { Badge } from '../../ui/badge.js';
import { Download } from '../../ui/download.js';
import { Card, Facts } from '../../ui/page.js';
import { Empty, Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { countryText } from './country.js';
import { Figures } from './figures.js';
import { monthText } from './month.js';
import { TrunkName } from './names.js';

type Head = Schemas['UsageStatementHead'];
type Whole = Schemas['UsageStatement'];

/** Each month with its totals. */
export function Statements() {
  const statements = api.useQuery('get', '/api/v1/usage/statements');
  return (
    <Found of={statements}>
      {(all) =>
        all.length === 0 ? (
          <Empty title="There is no statement yet">
            <p>The first one begins with your first call. A month is closed some days after its end.</p>
          </Empty>
        ) : (
          <Figures
            label="Statements"
            heads={['Month', 'State', 'Calls', 'Total']}
            rows={all.map((head) => [
              head.month,
              <Link key="month" href={`/usage/statements/${head.month}`}>
                {monthText(head.month)}
              </Link>,
              <StateOf key="state" head={head} />,
              count(head.totals.reduce((sum, { calls }) => sum + calls, 0)),
              totalText(head),
            ])}
          />
        )
      }
    </Found>
  );
}

const StateOf = ({ head: { state } }: { head: Head }) => (
  <Badge state={state === 'closed' ? 'done' : 'pending'}>{state === 'closed' ? 'closed' : 'provisional'}</Badge>
);

const totalText = ({ totals }: Head): string =>
  totals
    .filter(({ currency }) => currency !== null)
    .map(({ total_micros, currency }) => money(total_micros, currency))
    .join(', ') || '–';

/** One month, as its CSV and PDF have it. */
export function Statement() {
  const { month = '' } = useParams<{ month: string }>();
  const statement = api.useQuery('get', '/api/v1/usage/statements/{month}', { params: { path: { month } } });
  return (
    <>
      <Link href="/usage/statements" className="back">
        ← All statements
      </Link>
      <Found of={statement}>{(found) => <WholeStatement statement={found} />}</Found>
    </>
  );
}

/** In words, where records of the month are missing. */
const missingFacts = ({ incomplete, gap_accepted }: Whole): [string, string][] => [
  ...(incomplete
    ? ([['Incomplete', 'call records of a bridge have not come yet that may be of this month']] as [string, string][])
    : []),
  ...(gap_accepted
    ? ([['Lost records', 'call records that may be of this month are lost for good']] as [string, string][])
    : []),
];

const WholeStatement = ({ statement }: { statement: Whole }) => {
  const { month, number, closes_at, closed_at, begins, ends, time_zone } = statement;
  const path = `/api/v1/usage/statements/${month}`;
  const name = `usage-${month}-${number ?? 'provisional'}`;
  return (
    <>
      <Card title={monthText(month)} actions={<StateOf head={statement} />}>
        <Facts
          of={[
            ['Number', number ?? 'none while it is provisional'],
            ['From', <Time key="from" at={begins} />],
            ['To', <Time key="to" at={ends} />],
            ['Time zone', time_zone],
            closed_at === null
              ? ['Closes', <Time key="closes" at={closes_at} />]
              : ['Closed', <Time key="closed" at={closed_at} />],
            ...missingFacts(statement),
          ]}
        />
        <div className="actions">
          <Download path={`${path}?format=pdf`} accept="application/pdf" name={`${name}.pdf`}>
            Download as PDF
          </Download>
          <Download path={`${path}?format=csv`} accept="text/csv" name={`${name}.csv`}>
            Download as CSV
          </Download>
        </div>
      </Card>
      <Totals of={statement.totals} />
      {(['trunk', 'country', 'direction'] as const).map((by) => (
        <Lines key={by} by={by} of={statement.lines.filter((line) => line.by === by)} />
      ))}
      <Rates of={statement.rates} />
      <Adjustments of={statement} />
    </>
  );
};

const carrierText = (carrier: 'external' | 'managed') => (carrier === 'external' ? 'your own' : 'the platform’s');

const Totals = ({ of }: { of: Whole['totals'] }) => (
  <Card title="Totals">
    <Figures
      label="Totals"
      heads={['Carrier', 'Calls', 'Charged minutes', 'Usage', 'Corrections', 'Free minutes', 'Total']}
      rows={of.map((total) => [
        `${total.currency} ${total.carrier_cost}`,
        carrierText(total.carrier_cost),
        count(total.calls),
        minutes(total.charged_seconds),
        money(total.usage_micros, total.currency),
        money(total.adjustment_micros, total.currency),
        money(total.free_micros, total.currency),
        <b key="total">{money(total.total_micros, total.currency)}</b>,
      ])}
    />
  </Card>
);

const Lines = ({ by, of }: { by: Whole['lines'][number]['by']; of: Whole['lines'] }) =>
  of.length === 0 ? null : (
    <Card title={`By ${by}`}>
      <Figures
        label={`By ${by}`}
        heads={[words(by), 'Calls', 'Answered', 'Minutes', 'Charged minutes', 'Amount']}
        rows={of.map((line) => [
          `${line.key} ${line.currency} ${line.carrier_cost}`,
          by === 'trunk' && line.key !== 'others' ? <TrunkName key="key" id={line.key} /> : countryText(line.key),
          count(line.calls),
          count(line.answered_calls),
          minutes(line.billable_seconds),
          minutes(line.charged_seconds),
          money(line.amount_micros, line.currency),
        ])}
      />
    </Card>
  );

const Rates = ({ of }: { of: Whole['rates'] }) =>
  of.length === 0 ? null : (
    <Card title="By rate">
      <Figures
        label="By rate"
        heads={['Month', 'A minute', 'Charged minutes', 'Amount']}
        rows={of.map((each) => [
          `${each.month} ${each.currency} ${each.rate_per_minute_micros}`,
          monthText(each.month),
          rate(each.rate_per_minute_micros, each.currency),
          minutes(each.charged_seconds),
          money(each.amount_micros, each.currency),
        ])}
      />
    </Card>
  );

const Adjustments = ({ of: { adjustments, adjusted_entries_total } }: { of: Whole }) =>
  adjustments.length === 0 ? null : (
    <Card title="Corrections of earlier months">
      <Figures
        label="Corrections"
        heads={['Month', 'Why', 'Calls', 'Charged minutes', 'Amount']}
        rows={adjustments.map((each) => [
          `${each.month} ${each.reason} ${each.currency} ${each.carrier_cost}`,
          monthText(each.month),
          <span title={each.reason}>{wordsFor(ADJUSTMENT_WORDS, each.reason)}</span>,
          count(each.calls),
          minutes(each.charged_seconds),
          money(each.amount_micros, each.currency),
        ])}
      />
      <p className="muted small">{count(adjusted_entries_total)} entries of the ledger; the CSV names them.</p>
    </Card>
  );
