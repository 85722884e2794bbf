import { lazy, Suspense } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import { Shell, type Entry } from './session/shell.js';
import { Loading } from './ui/states.js';

const Organizations = lazy(() => import('./pages/organizations/organizations.js'));
const Bridges = lazy(() => import('./pages/bridges/bridges.js'));

const ENTRIES: readonly Entry[] = [
  { to: '/organizations', label: 'Organisations' },
  { to: '/bridges', label: 'Bridges' },
];

/** What concerns no organisation in particular. */
export const OperatorViews = () => (
  <Shell entries={ENTRIES}>
    <Suspense fallback={<Loading />}>
      <Switch>
        <Route path="/organizations" component={Organizations} />
        <Route path="/bridges" component={Bridges} />
        <Route path="*">
          <Redirect to="/organizations" />
        </Route>
      </Switch>
    </Suspense>
  </Shell>
);
