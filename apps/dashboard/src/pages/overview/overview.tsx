import { Link } from 'wouter';
import { api, refresh, type Schemas } from '../../api/client.http.js';
import { count, percent } from '../../format.js';
import { useSession } from '../../session/session.js';
import { Badge } from '../../ui/badge.js';
import { Card, Page } from '../../ui/page.js';
import { Empty, Failure, Found } from '../../ui/states.js';
import { attentionOf, calmText, type Attention } from './attention.js';
import { qualityToday } from './quality-today.js';
import { useCalls, useRefusedToday, useToday, useUntested } from './use-today.http.js';

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
  const today = useToday();
  const failed = useCalls({ status: 'failed', date_from: today.day });
  const refused = useRefusedToday();
  const bridges = api.useQuery('get', '/api/v1/bridges');
  const numbers = api.useQuery('get', '/api/v1/phone-numbers', { params: { query: { limit: 1000 } } });
  const untested = useUntested();
  const attention = attentionOf({
    trunks,
    numbers: numbers.data,
    bridges: bridges.data ?? [],
    failedCalls: failed.data?.total ?? 0,
    refusedCalls: refused.data?.calls ?? 0,
    untested: untested.data,
    today: today.day,
  });
  const known = [failed.data, refused.data, bridges.data, numbers.data, untested.data];
  const failure = [failed.error, refused.error, bridges.error, numbers.error, untested.error].find(
    (each) => each !== null,
  );
  return (
    <>
      <div className="tiles">
        <CallTiles failed={failed.data?.total} />
        <Tile to={`/calls?from=${today.day}`} label="Refused before routing today" value={refusedText(refused.data)} />
        <Tile to="/trunks" label="Trunks live" value={`${count(trunks.live)} of ${count(trunks.judged)}`} />
        <Tile to="/connection" label="Bridges online" value={online(bridges.data)} />
      </div>
      <p className="muted small">
        Today is {today.day} in {today.zone}.
      </p>
      {failure != null && <Failure error={failure} onRetry={() => void refresh('/api/')} />}
      <div className="columns">
        <NeedsAttention
          of={attention}
          calm={calmText(
            trunks,
            known.every((each) => each !== undefined),
          )}
        />
        <ByState of={trunks} />
      </div>
    </>
  );
}

const shown = (total: number | undefined) => (total === undefined ? '…' : count(total));

const refusedText = (refused: { calls: number; isMore: boolean } | undefined) =>
  `${refused?.isMore === true ? 'over ' : ''}${shown(refused?.calls)}`;

const online = (bridges: readonly Schemas['AnyBridge'][] | undefined) =>
  bridges === undefined ? '…' : `${bridges.filter(({ alive }) => alive).length} of ${bridges.length}`;

/** So many of today's calls are looked at for their quality. */
const MEASURED = 100;

function CallTiles({ failed }: { failed: number | undefined }) {
  const { day: today } = useToday();
  const ongoing = useCalls({ status: 'ongoing' });
  const all = useCalls({ date_from: today });
  const completed = useCalls({ status: 'completed', date_from: today }, MEASURED).data;
  const rate =
    completed === undefined || failed === undefined ? '…' : percent(completed.total, completed.total + failed);
  const quality = completed && qualityToday(completed.items.map(({ mos }) => mos));
  return (
    <>
      <Tile to="/calls?status=ongoing" label="Calls now" value={shown(ongoing.data?.total)} />
      <Tile to={`/calls?from=${today}`} label="Calls today" value={shown(all.data?.total)} />
      <Tile
        to={`/calls?status=failed&from=${today}`}
        label="Answered today"
        value={rate}
        note="Of the calls that have ended."
      />
      <Tile
        to={`/calls?status=completed&from=${today}`}
        label="Audio quality today"
        value={quality?.value ?? '…'}
        note={quality?.note}
      />
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

interface TileProps {
  to: string;
  label: string;
  value: string;
  note?: string | undefined;
}

const Tile = ({ to, label, value, note }: TileProps) => (
  <Link href={to} className="tile">
    <span className="muted small">{label}</span>
    <b>{value}</b>
    {note !== undefined && <span className="muted small">{note}</span>}
  </Link>
);

const NeedsAttention = ({ of, calm }: { of: readonly Attention[]; calm: string }) => (
  <Card title="Needs attention">
    {of.length === 0 ? (
      <p>{calm}</p>
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
