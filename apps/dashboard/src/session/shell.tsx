import { useState, type ReactNode } from 'react';
import { Button } from 'react-aria-components';
import { Link, useLocation } from 'wouter';
import { leave } from '../api/client.http.js';
import { useLive, type LiveState } from '../live/live.http.js';
import { Failure } from '../ui/states.js';
import { useSession } from './session.js';

export interface Entry {
  to: string;
  label: string;
}

const LIVE: Readonly<Record<LiveState, string>> = {
  connecting: 'Connecting…',
  live: 'Live',
  interrupted: 'Not live: reconnecting',
};

/** Navigation, whom one acts for, and whether what is shown is live. */
export function Shell({ entries, children }: { entries: readonly Entry[]; children: ReactNode }) {
  const { me, isOperator } = useSession();
  const live = useLive();
  const [stayed, setStayed] = useState<unknown>();
  return (
    <div className="shell">
      <a className="skip" href="#content">
        Skip to content
      </a>
      <nav aria-label="Main">
        <p className="brand">TrunkMesh</p>
        <p className="muted small">{me.organization?.name ?? 'Operator'}</p>
        <ul>
          {entries.map((entry) => (
            <NavigationLink key={entry.to} {...entry} />
          ))}
        </ul>
        <div className="foot">
          <p className="small" role="status">
            <span className={`dot ${live}`} aria-hidden="true" /> {LIVE[live]}
          </p>
          {isOperator && me.organization !== null && <a href="/app/organizations">All organisations</a>}
          <Button onPress={() => void leave().catch(setStayed)}>Sign out</Button>
          {stayed !== undefined && <Failure error={stayed} />}
        </div>
      </nav>
      <main id="content">
        {me.organization?.status === 'suspended' && (
          <div className="notice warn">
            This organisation is suspended: nothing can be changed, and new calls are refused. Contact your
            platform&rsquo;s support.
          </div>
        )}
        {children}
      </main>
    </div>
  );
}

function NavigationLink({ to, label }: Entry) {
  const [location] = useLocation();
  const isCurrent = to === '/' ? location === '/' : location.startsWith(to);
  return (
    <li>
      <Link href={to} aria-current={isCurrent ? 'page' : undefined}>
        {label}
      </Link>
    </li>
  );
}
