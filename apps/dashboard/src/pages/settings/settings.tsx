import { lazy, Suspense } from 'react';
import { Route, Switch } from 'wouter';
import { Page } from '../../ui/page.js';
import { Loading } from '../../ui/states.js';
import { SubViews } from '../../ui/sub-views.js';
import { ApiKeys } from './api-keys.js';

const Platform = lazy(() => import('./platform.js'));
const Guards = lazy(() => import('./guards.js'));
const Notifications = lazy(() => import('./notifications.js'));
const History = lazy(() => import('./history.js'));

const VIEWS = [
  ['/settings', 'API keys'],
  ['/settings/platform', 'Platform'],
  ['/settings/guards', 'Outbound calls'],
  ['/settings/notifications', 'Notifications'],
  ['/settings/history', 'History'],
] as const;

/** Who may do what, where calls go, what may be called, who is notified, and who changed what. */
export default function Settings() {
  return (
    <Page title="Settings">
      <SubViews label="Settings" views={VIEWS} />
      <Suspense fallback={<Loading />}>
        <Switch>
          <Route path="/settings/platform" component={Platform} />
          <Route path="/settings/guards" component={Guards} />
          <Route path="/settings/notifications" component={Notifications} />
          <Route path="/settings/history" component={History} />
          <Route component={ApiKeys} />
        </Switch>
      </Suspense>
    </Page>
  );
}
