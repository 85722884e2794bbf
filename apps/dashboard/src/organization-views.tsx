import { lazy, Suspense } from 'react';
import { Link, Route, Switch } from 'wouter';
import { Shell, type Entry } from './session/shell.js';
import { Empty, Loading } from './ui/states.js';

const Overview = lazy(() => import('./pages/overview/overview.js'));

const ENTRIES: readonly Entry[] = [{ to: '/', label: 'Overview' }];

/** Each view is loaded when it is opened. */
export const OrganizationViews = () => (
  <Shell entries={ENTRIES}>
    <Suspense fallback={<Loading />}>
      <Switch>
        <Route path="/" component={Overview} />
        <Route path="*">
          <Empty title="There is no such page">
            <Link href="/">Go to the overview</Link>
          </Empty>
        </Route>
      </Switch>
    </Suspense>
  </Shell>
);
