import { lazy, Suspense } from 'react';
import { Route, Switch } from 'wouter';
import { Page } from '../../ui/page.js';
import { Loading } from '../../ui/states.js';
import { SubViews } from '../../ui/sub-views.js';
import { Records } from './records.js';
import { Statement, Statements } from './statements.js';
import { Summary } from './summary.js';

const CarrierPrices = lazy(() => import('./carrier-prices.js'));
const Reconciliations = lazy(() => import('./reconciliations.js'));
const Reconciliation = lazy(() => import('./reconciliation.js'));

const VIEWS = [
  ['/usage', 'Summary'],
  ['/usage/records', 'Calls'],
  ['/usage/statements', 'Statements'],
  ['/usage/carrier-prices', 'Carrier prices'],
  ['/usage/reconciliations', 'Carrier bills'],
] as const;

/** What calls cost on the platform, and what the carriers charge for them. */
export default function Usage() {
  return (
    <Page title="Usage">
      <SubViews label="Usage" views={VIEWS} />
      <Suspense fallback={<Loading />}>
        <Switch>
          <Route path="/usage/records" component={Records} />
          <Route path="/usage/statements" component={Statements} />
          <Route path="/usage/statements/:month" component={Statement} />
          <Route path="/usage/carrier-prices" component={CarrierPrices} />
          <Route path="/usage/reconciliations" component={Reconciliations} />
          <Route path="/usage/reconciliations/:id" component={Reconciliation} />
          <Route component={Summary} />
        </Switch>
      </Suspense>
    </Page>
  );
}
