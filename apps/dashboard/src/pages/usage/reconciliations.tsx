import { Link } from 'wouter';
import { client, cursorPage, dataOf, type Schemas } from '../../api/client.http.js';
import { count } from '../../format.js';
import { useSession } from '../../session/session.js';
import { Badge } from '../../ui/badge.js';
import { DataTable, type DataColumn } from '../../ui/data-table.js';
import { OnlyAdmins } from '../../ui/only-admins.js';
import { Empty, Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { usePages } from '../../ui/use-pages.js';
import { UploadBill } from './upload-bill.js';

type Run = Schemas['Reconciliation'];

/** Comparisons of a carrier's own file with the ledger. */
export default function Reconciliations() {
  const { mayManage } = useSession();
  const runs = usePages(['/api/v1/usage/reconciliations', 'list'], async (cursor) =>
    cursorPage(await dataOf(client.GET('/api/v1/usage/reconciliations', { params: { query: { cursor } } }))),
  );
  return (
    <>
      {mayManage ? <UploadBill /> : <OnlyAdmins what="upload a carrier's file" />}
      <Found of={runs.query}>
        {() => (
          <DataTable
            label="Comparisons"
            items={runs.items}
            keyOf={({ id }) => id}
            columns={COLUMNS}
            loadMore={runs.loadMore}
            isLoadingMore={runs.isLoadingMore}
            empty={
              <Empty title="No carrier's bill was compared yet">
                <p>
                  Get the list of calls (CDR) of a month from your carrier as CSV and upload it above. You see which
                  calls it bills that you did not make, and which it bills for too long.
                </p>
              </Empty>
            }
          />
        )}
      </Found>
    </>
  );
}

const STATES: Readonly<Record<Run['status'], string>> = {
  receiving: 'pending',
  matching: 'pending',
  done: 'done',
  stopped: 'unknown',
  failed: 'failed',
};
export const RunState = ({ status }: { status: Run['status'] }) => <Badge state={STATES[status]}>{status}</Badge>;

export const callsOf = ({ groups }: Pick<Run, 'groups'>, kind: Run['groups'][number]['kind']): number =>
  groups.filter((group) => group.kind === kind).reduce((sum, { calls }) => sum + calls, 0);

const COLUMNS: readonly DataColumn<Run>[] = [
  {
    id: 'name',
    title: 'File',
    share: 1.6,
    cell: ({ id, name }) => <Link href={`/usage/reconciliations/${id}`}>{name || 'without a name'}</Link>,
  },
  { id: 'state', title: 'State', cell: ({ status }) => <RunState status={status} /> },
  { id: 'when', title: 'Uploaded', wideOnly: true, cell: ({ created_at }) => <Time at={created_at} /> },
  { id: 'rows', title: 'Calls', wideOnly: true, cell: ({ rows }) => count(rows) },
  { id: 'theirs', title: 'Only theirs', cell: (run) => count(callsOf(run, 'only-theirs')) },
  { id: 'differs', title: 'Length differs', wideOnly: true, cell: (run) => count(callsOf(run, 'duration-differs')) },
];
