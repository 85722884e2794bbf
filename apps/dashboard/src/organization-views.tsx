import { Suspense } from 'react';
import { Link, Route, Switch } from 'wouter';
import { api, queries } from './api/client.http.js';
import { callsQuery } from './pages/calls/calls-query.js';
import { Shell, type Entry } from './session/shell.js';
import { loadedView, type LoadedView } from './ui/loaded-view.js';
import { Empty, Loading } from './ui/states.js';

const Overview = loadedView(() => import('./pages/overview/overview.js'));
const Trunks = loadedView(() => import('./pages/trunks/trunks.js'));
const TrunkWizard = loadedView(() => import('./pages/trunk-wizard/trunk-wizard.js'));
const TrunkDetail = loadedView(() => import('./pages/trunk-detail/trunk-detail.js'));
const Numbers = loadedView(() => import('./pages/numbers/numbers.js'));
const TrunkEdit = loadedView(() => import('./pages/trunk-edit/trunk-edit.js'));
const NumberEdit = loadedView(() => import('./pages/number-edit/number-edit.js'));
const NumberImport = loadedView(() => import('./pages/number-import/number-import.js'));
const Calls = loadedView(() => import('./pages/calls/calls.js'));
const CallDetail = loadedView(() => import('./pages/call-detail/call-detail.js'));
const Usage = loadedView(() => import('./pages/usage/usage.js'));
const Settings = loadedView(() => import('./pages/settings/settings.js'));
const RouteTester = loadedView(() => import('./pages/route-tester/route-tester.js'));
const Connection = loadedView(() => import('./pages/connection/connection.js'));

type Ask = (view: (name: string) => string) => Promise<void>;

/** One that is filtered by a number has to look for that number first. */
const askForCalls: Ask = async (view) => {
  if (view('number') === '') await queries.prefetchQuery(callsQuery(view));
};

const FIRST: readonly [RegExp, LoadedView, Ask?][] = [
  [/^$/, Overview, () => queries.prefetchQuery(api.queryOptions('get', '/api/v1/trunk-states/counts'))],
  [/^trunks$/, Trunks],
  [/^trunks\/new$/, TrunkWizard],
  [/^trunks\/[^/]+\/edit$/, TrunkEdit],
  [/^trunks\//, TrunkDetail],
  [/^numbers$/, Numbers],
  [/^calls$/, Calls, askForCalls],
  [/^calls\//, CallDetail],
  [/^usage/, Usage],
  [/^settings/, Settings],
];

/** The files of the view that is opened first, and what it waits for, come while the session is still read. */
export async function preloadFirst(path: string, search: string): Promise<void> {
  const view = /^\/app\/o\/[^/]+\/?(.*)$/.exec(path)?.[1];
  const [, files, data] = FIRST.find(([pattern]) => view !== undefined && pattern.test(view)) ?? [];
  // It says itself what went wrong, when it is opened.
  const params = new URLSearchParams(search);
  void data?.((name) => params.get(name) ?? '');
  await files?.preload();
}

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
        <Route path="/" component={Overview.View} />
        <Route path="/trunks" component={Trunks.View} />
        <Route path="/trunks/new" component={TrunkWizard.View} />
        <Route path="/trunks/:id" component={TrunkDetail.View} />
        <Route path="/trunks/:id/edit" component={TrunkEdit.View} />
        <Route path="/numbers" component={Numbers.View} />
        <Route path="/numbers/import" component={NumberImport.View} />
        <Route path="/numbers/:id" component={NumberEdit.View} />
        <Route path="/calls" component={Calls.View} />
        <Route path="/calls/:id" component={CallDetail.View} />
        <Route path="/usage/*?" component={Usage.View} />
        <Route path="/route-tester" component={RouteTester.View} />
        <Route path="/settings/*?" component={Settings.View} />
        <Route path="/connection" component={Connection.View} />
        <Route path="*">
          <Empty title="There is no such page">
            <Link href="/">Go to the overview</Link>
          </Empty>
        </Route>
      </Switch>
    </Suspense>
  </Shell>
);
