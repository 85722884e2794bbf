import { lazy, Suspense } from 'react';
import { Link, Route, Switch } from 'wouter';
import { Shell, type Entry } from './session/shell.js';
import { Empty, Loading } from './ui/states.js';

const Overview = lazy(() => import('./pages/overview/overview.js'));
const Trunks = lazy(() => import('./pages/trunks/trunks.js'));
const TrunkWizard = lazy(() => import('./pages/trunk-wizard/trunk-wizard.js'));
const TrunkDetail = lazy(() => import('./pages/trunk-detail/trunk-detail.js'));
const Numbers = lazy(() => import('./pages/numbers/numbers.js'));
const NumberImport = lazy(() => import('./pages/number-import/number-import.js'));
const Calls = lazy(() => import('./pages/calls/calls.js'));
const CallDetail = lazy(() => import('./pages/call-detail/call-detail.js'));
const Usage = lazy(() => import('./pages/usage/usage.js'));
const Settings = lazy(() => import('./pages/settings/settings.js'));
const RouteTester = lazy(() => import('./pages/route-tester/route-tester.js'));
const Connection = lazy(() => import('./pages/connection/connection.js'));

const ENTRIES: readonly Entry[] = [
  { to: '/', label: 'Overview' },
  { to: '/trunks', label: 'Trunks' },
  { to: '/numbers', label: 'Numbers' },
  { to: '/calls', label: 'Calls' },
  { to: '/usage', label: 'Usage' },
  { to: '/route-tester', label: 'Route tester' },
  { to: '/connection', label: 'Connection' },
  { to: '/settings', label: 'Settings' },
];

/** Each view is loaded when it is opened. */
export const OrganizationViews = () => (
  <Shell entries={ENTRIES}>
    <Suspense fallback={<Loading />}>
      <Switch>
        <Route path="/" component={Overview} />
        <Route path="/trunks" component={Trunks} />
        <Route path="/trunks/new" component={TrunkWizard} />
        <Route path="/trunks/:id" component={TrunkDetail} />
        <Route path="/numbers" component={Numbers} />
        <Route path="/numbers/import" component={NumberImport} />
        <Route path="/calls" component={Calls} />
        <Route path="/calls/:id" component={CallDetail} />
        <Route path="/usage/*?" component={Usage} />
        <Route path="/route-tester" component={RouteTester} />
        <Route path="/settings/*?" component={Settings} />
        <Route path="/connection" component={Connection} />
        <Route path="*">
          <Empty title="There is no such page">
            <Link href="/">Go to the overview</Link>
          </Empty>
        </Route>
      </Switch>
    </Suspense>
  </Shell>
);
