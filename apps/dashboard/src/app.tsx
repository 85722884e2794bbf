import { Suspense, useEffect, useState } from 'react';
import { Redirect, Route, Router, Switch } from 'wouter';
import { api } from './api/client.http.js';
import { OrganizationViews, preloadFirst } from './organization-views.js';
import { OperatorViews } from './operator-views.js';
import { SessionContext, sessionOf } from './session/session.js';
import { SignInAgain } from './session/sign-in-again.js';
import { SignIn } from './session/sign-in.js';
import { Failure, Loading } from './ui/states.js';
import { problemOf } from './api/problem.js';
import { useSessionEnded } from './api/session-end.js';

/**
 * Signed out: the sign-in at whatever URL. Signed in: an organisation's views under `/app/o/ID`. Where a session ends,
 * they stay as they are behind the sign-in.
 */
export function App() {
  const isLoaded = useFirstView();
  const me = api.useQuery('get', '/api/v1/users/me', {}, { staleTime: 60_000 });
  const hasEnded = useSessionEnded();
  if (me.data === undefined) {
    if (hasEnded || isUnauthorized(me.error)) return <SignIn />;
    return me.isError ? <Failure error={me.error} onRetry={() => void me.refetch()} /> : <Loading />;
  }
  if (!isLoaded) return <Loading />;
  const session = sessionOf(me.data);
  const own = session.me.organization;
  return (
    <SessionContext value={session}>
      {hasEnded && <SignInAgain />}
      <Suspense fallback={<Loading />}>
        <Router base="/app">
          <Switch>
            <Route path="/o/:organization" nest>
              <OrganizationViews />
            </Route>
            {session.isOperator && (
              <Route path="*">
                <OperatorViews />
              </Route>
            )}
            <Route path="*">{own !== null && <Redirect to={`/o/${own.id}`} />}</Route>
          </Switch>
        </Router>
      </Suspense>
    </SessionContext>
  );
}

const isUnauthorized = (error: unknown) => error !== null && problemOf(error).status === 401;

const first = preloadFirst(location.pathname, location.search);

function useFirstView(): boolean {
  const [isLoaded, setLoaded] = useState(false);
  useEffect(() => void first.then(() => setLoaded(true)), []);
  return isLoaded;
}
