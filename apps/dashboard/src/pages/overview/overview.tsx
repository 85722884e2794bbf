import { Link } from 'wouter';
import { api, type Schemas } from '../../api/client.http.js';
import { count, percent } from '../../format.js';
import { useSession } from '../../session/session.js';
import { Badge } from '../../ui/badge.js';
import { Card, Page } from '../../ui/page.js';
import { Empty, Failure, Found } from '../../ui/states.js';
import { attentionOf, type Attention } from './attention.js';

const startOfDay = () => new Date(new Date().setHours(0, 0, 0, 0)).toISOString();

type CallFilter = { status?: 'ongoing' | 'completed' | 'failed'; date_from?: string };

/** How many calls there are of a kind; undefined while that is not known. */
const useCalls = (filter: CallFilter) =>
  api.useQuery('get', '/api/v1/calls', { params: { query: { limit: 1, ...filter } } });

export default function Overview() {
  const counts = api.useQuery('get', '/api/v1/trunk-states/counts');
  return (
    <Page title="Overview" actions={<AddTrunk />}>
      <Found of={counts}>{(trunks) => (trunks.total === 0 ? <Start /> : <State trunks={trunks} />)}</Found>
    </Page>
  );
}

function AddTrunk() {
  const { mayManage } = useSession();
  return mayManage ? (
    <Link href="/trunks/new" className="button primary">
      Connect a carrier or PBX
    </Link>
  ) : null;
}

const Start = () => (
  <Empty title="Connect your first carrier or PBX">
    <p>Five minutes: choose your carrier, test the connection, assign a number, and place a test call.</p>
    <AddTrunk />
  </Empty>
);

function State({ trunks }: { trunks: Schemas['TrunkCounts'] }) {
  const failed = useCalls({ status: 'failed', date_from: startOfDay() });
  const bridges = api.useQuery('get', '/api/v1/bridges');
  const numbers = api.useQuery('get', '/api/v1/phone-numbers', { params: { query: { limit: 1000 } } });
  const attention = attentionOf({
    trunks,
    numbers: numbers.data,
    bridges: bridges.data ?? [],
    failedCalls: failed.data?.total ?? 0,
  });
  return (
    <>
      <div className="tiles">
        <CallTiles failed={failed.data?.total} />
        <Tile to="/trunks" label="Trunks live" value={`${count(trunks.live)} of ${count(trunks.judged)}`} />
        <Tile to="/connection" label="Bridges online" value={online(bridges.data)} />
      </div>
      {failed.isError && <Failure error={failed.error} onRetry={() => void failed.refetch()} />}
      <div className="columns">
        <NeedsAttention of={attention} />
        <ByState of={trunks} />
      </div>
    </>
  );
}

const shown = (total: number | undefined) => (total === undefined ? '…' : count(total));

const online = (bridges: readonly Schemas['AnyBridge'][] | undefined) =>
  bridges === undefined ? '…' : `${bridges.filter(({ alive }) => alive).length} of ${bridges.length}`;

function CallTiles({ failed }: { failed: number | undefined }) {
  const today = startOfDay();
  const ongoing = useCalls({ status: 'ongoing' });
  const all = useCalls({ date_from: today });
  const completed = useCalls({ status: 'completed', date_from: today }).data?.total;
  const rate = completed === undefined || failed === undefined ? '…' : percent(completed, completed + failed);
  return (
    <>
      <Tile to="/calls?status=ongoing" label="Calls now" value={shown(ongoing.data?.total)} />
      <Tile to="/calls" label="Calls today" value={shown(all.data?.total)} />
      <Tile to="/calls?status=failed" label="Answered today" value={rate} />
    </>
  );
}

const STATES = ['live', 'pending', 'failed', 'unplaced', 'disabled'] as const;

const ByState = ({ of }: { of: Schemas['TrunkCounts'] }) => (
  <Card title="Trunks by state">
    <ul className="list">
      {STATES.map((state) => (
        <li key={state}>
          <Badge state={state} /> {count(of[state])}
        </li>
      ))}
    </ul>
    {of.judged < of.total && (
      <p className="muted small">
        The first {count(of.judged)} of {count(of.total)} trunks, by priority.
      </p>
    )}
  </Card>
);

const Tile = ({ to, label, value }: { to: string; label: string; value: string }) => (
  <Link href={to} className="tile">
    <span className="muted small">{label}</span>
    <b>{value}</b>
  </Link>
);

const NeedsAttention = ({ of }: { of: readonly Attention[] }) => (
  <Card title="Needs attention">
    {of.length === 0 ? (
      <p>Nothing. All trunks that are enabled are live.</p>
    ) : (
      <ul className="list">
        {of.map(({ what, fix, to }) => (
          <li key={what}>
            <p>{what}</p>
            <Link href={to}>{fix}</Link>
          </li>
        ))}
      </ul>
    )}
  </Card>
);
