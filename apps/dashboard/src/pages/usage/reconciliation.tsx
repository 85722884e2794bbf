import { useState } from 'react';
import { Button } from 'react-aria-components';
import { Link, useLocation, useParams } from 'wouter';
import { api, client, dataOf, refresh, type Schemas } from '../../api/client.http.js';
import { count, minutes, money, percent } from '../../format.js';
import { useSession } from '../../session/session.js';
import { Confirm } from '../../ui/confirm.js';
import { Card, Facts } from '../../ui/page.js';
import { Failure, Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { CAUSES, Differences, KINDS } from './differences.js';
import { Figures } from './figures.js';
import { TrunkName } from './names.js';
import { RunState } from './reconciliations.js';

type Run = Schemas['Reconciliation'];
const POLL_MS = 1_000;
const isOver = ({ status }: Run) => status !== 'receiving' && status !== 'matching';

/** One comparison: how far it is, its sums by kind and cause, and what differs. */
export default function Reconciliation() {
  const { id = '' } = useParams<{ id: string }>();
  const run = api.useQuery(
    'get',
    '/api/v1/usage/reconciliations/{id}',
    { params: { path: { id } } },
    { refetchInterval: ({ state }) => (state.data === undefined || isOver(state.data) ? false : POLL_MS) },
  );
  return (
    <>
      <Link href="/usage/reconciliations" className="back">
        ← All comparisons
      </Link>
      <Found of={run}>
        {(found) => (
          <>
            <Head run={found} />
            {found.groups.length > 0 && <Groups of={found.groups} />}
            {found.status === 'done' && <Differences run={found} />}
          </>
        )}
      </Found>
    </>
  );
}

function Head({ run }: { run: Run }) {
  const { mayManage } = useSession();
  const [, navigate] = useLocation();
  const [error, setError] = useState<unknown>();
  const params = { path: { id: run.id } };
  const stop = () =>
    dataOf(client.POST('/api/v1/usage/reconciliations/{id}/stop', { params })).then(
      () => refresh('/api/v1/usage/reconciliations'),
      setError,
    );
  const remove = async () => {
    await dataOf(client.DELETE('/api/v1/usage/reconciliations/{id}', { params }));
    navigate('/usage/reconciliations');
    await refresh('/api/v1/usage/reconciliations');
  };
  return (
    <Card title={run.name || 'Comparison'} actions={<RunState status={run.status} />}>
      {!isOver(run) && <Progress run={run} />}
      {run.problem !== null && <p className="notice bad">{run.problem}</p>}
      {run.notes.map((note) => (
        <p key={note} className="notice">
          {note}
        </p>
      ))}
      <RunFacts run={run} />
      {mayManage && (
        <div className="actions">
          {!isOver(run) && <Button onPress={() => void stop()}>Stop</Button>}
          <Confirm action="Delete the comparison" onConfirm={remove}>
            <p>The file and what was found are deleted. Your calls and the ledger stay as they are.</p>
          </Confirm>
        </div>
      )}
      {error !== undefined && <Failure error={error} />}
    </Card>
  );
}

const Progress = ({ run: { status, progress } }: { run: Run }) => (
  <>
    <progress max={progress.total || 1} value={progress.done} aria-label="Compared" />
    <p role="status">{progressText(status, progress)}</p>
  </>
);

const progressText = (status: Run['status'], { done, total }: Run['progress']): string =>
  status === 'receiving'
    ? `The file is being read: ${count(done)} calls so far.`
    : `${count(done)} of ${count(total)} calls compared (${percent(done, total)}).`;

const RunFacts = ({ run }: { run: Run }) => (
  <Facts
    of={[
      ['Calls in the file', count(run.rows)],
      run.skipped_rows === 0 ? null : ['Lines left out', count(run.skipped_rows)],
      ['Written as', run.format],
      ['Trunks', run.trunk_ids === null ? 'all' : <TrunkNames key="trunks" ids={run.trunk_ids} />],
      run.period === null ? null : ['First call', <Time key="from" at={run.period.from} />],
      run.period === null ? null : ['Last call', <Time key="to" at={run.period.to} />],
      ['Times may differ by', `${run.tolerance_seconds} s`],
      run.time_shift_seconds === 0 ? null : ['Times in the file are later by', `${run.time_shift_seconds} s`],
      ['Uploaded', <Time key="at" at={run.created_at} />],
    ]}
  />
);

const TrunkNames = ({ ids }: { ids: readonly string[] }) => (
  <>
    {ids.map((id, index) => (
      <span key={id}>
        {index > 0 && ', '}
        <TrunkName id={id} />
      </span>
    ))}
  </>
);

const amountsText = (amounts: Run['groups'][number]['amounts']): string =>
  amounts.map(({ amount_micros, currency }) => money(amount_micros, currency)).join(', ') || '–';

const Groups = ({ of }: { of: Run['groups'] }) => (
  <Card title="What was found">
    <Figures
      label="What was found"
      heads={['Kind', 'Probable cause', 'Calls', 'Our minutes', 'Their minutes', 'The carrier bills']}
      rows={of.map(({ kind, cause, calls, our_seconds, their_seconds, amounts }) => [
        `${kind} ${cause}`,
        KINDS[kind],
        cause === null ? (kind === 'matched' ? '–' : 'not known') : CAUSES[cause],
        count(calls),
        minutes(our_seconds),
        minutes(their_seconds),
        amountsText(amounts),
      ])}
    />
  </Card>
);
