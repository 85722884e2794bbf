import { api, client, dataOf, refresh, type Schemas } from '../../api/client.http.js';
import { count, minutes, money } from '../../format.js';
import { useSession } from '../../session/session.js';
import { Badge } from '../../ui/badge.js';
import { Confirm } from '../../ui/confirm.js';
import { Download } from '../../ui/download.js';
import { OnlyAdmins } from '../../ui/only-admins.js';
import { Card } from '../../ui/page.js';
import { Empty, Found, Loading } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { useView } from '../../ui/use-view.js';
import { Figures } from './figures.js';
import { ImportDeck } from './import-deck.js';
import { monthOf, monthText } from './month.js';
import { MonthChoice, useTimeZone } from './month-choice.js';
import { TrunkName } from './names.js';

type Costs = Schemas['CarrierCosts'];

/** What each carrier charges by its own rate deck, and which would have been the cheapest. */
export default function CarrierPrices() {
  const { mayManage } = useSession();
  const zone = useTimeZone();
  const decks = api.useQuery('get', '/api/v1/usage/rate-decks');
  return (
    <Found of={decks}>
      {(all) => (
        <>
          {all.length > 0 && (zone === undefined ? <Loading /> : <Cheapest zone={zone} />)}
          <Decks of={all} />
          {mayManage ? <ImportDeck /> : <OnlyAdmins what="import rate decks" />}
        </>
      )}
    </Found>
  );
}

function Decks({ of }: { of: readonly Schemas['RateDeck'][] }) {
  const { mayManage } = useSession();
  if (of.length === 0)
    return (
      <Empty title="No carrier's prices are known">
        <p>
          Import the rate deck of a trunk&rsquo;s carrier, as CSV. Then you see which trunk would have been the cheapest
          for the calls of a month.
        </p>
      </Empty>
    );
  return (
    <Card title="Rate decks">
      <ul className="list">
        {of.map(({ trunk_id, currency, rates, changed_at }) => (
          <li key={trunk_id}>
            <TrunkName id={trunk_id} />: {count(rates)} rates in {currency}, imported <Time at={changed_at} relative />
            <div className="actions">
              <Download path={`/api/v1/usage/rate-decks/${trunk_id}`} accept="text/csv" name="rate-deck.csv">
                Download as CSV
              </Download>
              {mayManage && (
                <Confirm action="Delete the deck" onConfirm={() => remove(trunk_id)}>
                  <p>The trunk and its calls stay as they are. Only the estimate without this deck changes.</p>
                </Confirm>
              )}
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}

async function remove(trunk_id: string): Promise<void> {
  await dataOf(client.DELETE('/api/v1/usage/rate-decks/{trunk_id}', { params: { path: { trunk_id } } }));
  await refresh('/api/v1/usage');
}

function Cheapest({ zone }: { zone: string }) {
  const [view, setView] = useView();
  const month = view('month') || monthOf(Date.now(), zone);
  const costs = api.useQuery('get', '/api/v1/usage/carrier-costs', { params: { query: { month } } });
  return (
    <Card title="Which carrier would have been the cheapest">
      <MonthChoice value={month} zone={zone} onChange={(to) => setView({ month: to })} />
      <Found of={costs}>{(found) => <CostsOf costs={found} />}</Found>
    </Card>
  );
}

const CostsOf = ({ costs: { month, calls, common_calls, trunks, cheapest_trunk_id } }: { costs: Costs }) =>
  calls === 0 ? (
    <p>No answered call in {monthText(month)}: there is nothing to compare.</p>
  ) : (
    <>
      <p>
        The {count(calls)} answered calls of {monthText(month)}, whichever trunk they took, priced on each deck. Every
        deck has a rate for {count(common_calls)} of them: by these the cheapest is chosen.
      </p>
      <Figures
        label="Estimated cost by trunk"
        heads={['Trunk', 'Calls in every deck', 'All calls with a rate', 'Calls', 'Minutes', 'Calls without a rate']}
        rows={trunks.map((each) => [
          each.trunk_id,
          <span key="trunk">
            <TrunkName id={each.trunk_id} />{' '}
            {each.trunk_id === cheapest_trunk_id && <Badge state="done">cheapest</Badge>}
          </span>,
          money(each.common_estimated_carrier_cost_micros, each.currency),
          money(each.estimated_carrier_cost_micros, each.currency),
          count(each.calls),
          minutes(each.billable_seconds),
          count(each.not_covered_calls),
        ])}
      />
      {cheapest_trunk_id === null && <p>None is chosen: the decks differ in currency, or have no call in common.</p>}
      {trunks.map((each) => (
        <NotCovered key={each.trunk_id} trunk={each} />
      ))}
      <p className="muted small">An estimate: each carrier bills by its own contract and its own records.</p>
    </>
  );

const NotCovered = ({ trunk: { trunk_id, not_covered } }: { trunk: Costs['trunks'][number] }) =>
  not_covered.length === 0 ? null : (
    <details>
      <summary>
        Calls that the deck of <TrunkName id={trunk_id} /> has no rate for
      </summary>
      <ul>
        {not_covered.map(({ direction, country, calls, example }) => (
          <li key={`${direction} ${country}`}>
            {count(calls)} {direction}, {country ?? 'no country'}, for example to {example}
          </li>
        ))}
      </ul>
    </details>
  );
