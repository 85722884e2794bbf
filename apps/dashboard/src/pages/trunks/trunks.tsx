import { useQueries } from '@tanstack/react-query';
import { Link } from 'wouter';
import { api, client, pageOf } from '../../api/client.http.js';
import { count } from '../../format.js';
import { useSession } from '../../session/session.js';
import { Badge } from '../../ui/badge.js';
import { DataTable } from '../../ui/data-table.js';
import { Choice, Field } from '../../ui/field.js';
import { Page } from '../../ui/page.js';
import { Empty, Found } from '../../ui/states.js';
import { usePages } from '../../ui/use-pages.js';
import { useView } from '../../ui/use-view.js';
import { chunksOf } from './chunks.js';

/** How many states are asked for at once. */
const MAX_STATES = 200;

const ENABLED = [
  ['', 'All'],
  ['true', 'Enabled'],
  ['false', 'Disabled'],
] as const;

/** All trunks by priority, each with its live state. */
export default function Trunks() {
  const { mayManage } = useSession();
  const [view, setView] = useView();
  const [q, enabled] = [view('q'), view('enabled')];
  const filter = { ...(q === '' ? {} : { q }), ...(enabled === '' ? {} : { enabled: enabled as 'true' | 'false' }) };
  const list = usePages(['/api/v1/sip-trunks', 'list', filter], (cursor) =>
    pageOf(client.GET('/api/v1/sip-trunks', { params: { query: { limit: MAX_STATES, cursor, ...filter } } })),
  );
  const states = useStates(list.items.map(({ id }) => id));
  const filtered = q !== '' || enabled !== '';
  return (
    <Page
      title="Trunks"
      actions={
        mayManage && (
          <Link href="/trunks/new" className="button primary">
            Connect a carrier or PBX
          </Link>
        )
      }
    >
      <div className="filters" role="search">
        <Field label="Search" value={q} onChange={(value) => setView({ q: value })} placeholder="Name, gateway, user" />
        <Choice label="Show" value={enabled} onChange={(value) => setView({ enabled: value })} options={ENABLED} />
      </div>
      <Found of={list.query}>
        {() => (
          <>
            <p className="muted small">{count(list.total)} trunks</p>
            <DataTable
              label="Trunks"
              items={list.items}
              keyOf={({ id }) => id}
              loadMore={list.loadMore}
              isLoadingMore={list.isLoadingMore}
              empty={<NoTrunks filtered={filtered} />}
              columns={[
                {
                  id: 'name',
                  title: 'Name',
                  share: 2,
                  cell: (each) => <Link href={`/trunks/${each.id}`}>{each.name}</Link>,
                },
                { id: 'state', title: 'State', cell: ({ id, enabled: on }) => <State of={states.get(id)} on={on} /> },
                { id: 'gateway', title: 'Gateway', share: 2, wideOnly: true, cell: ({ gateway }) => gateway },
                {
                  id: 'kind',
                  title: 'Connected by',
                  wideOnly: true,
                  cell: ({ register }) => (register ? 'registration' : 'address'),
                },
                { id: 'priority', title: 'Priority', wideOnly: true, cell: ({ priority }) => priority },
              ]}
            />
          </>
        )}
      </Found>
    </Page>
  );
}

/** Every page of the list asks for the states of its own trunks. */
function useStates(ids: readonly string[]): ReadonlyMap<string, string> {
  const states = useQueries({
    queries: chunksOf(ids, MAX_STATES).map((chunk) =>
      api.queryOptions('get', '/api/v1/trunk-states', { params: { query: { ids: chunk.join(',') as never } } }),
    ),
  });
  return new Map(states.flatMap(({ data = [] }) => data.map(({ trunk_id, verdict }) => [trunk_id, verdict] as const)));
}

const State = ({ of, on }: { of: string | undefined; on: boolean }) => <Badge state={of ?? (on ? '…' : 'disabled')} />;

const NoTrunks = ({ filtered }: { filtered: boolean }) =>
  filtered ? (
    <Empty title="No trunk matches">
      <p>Change the search, or show all trunks.</p>
    </Empty>
  ) : (
    <Empty title="There is no trunk yet">
      <p>A trunk connects one carrier or PBX. The wizard tests it before it is saved.</p>
      <Link href="/trunks/new" className="button primary">
        Connect a carrier or PBX
      </Link>
    </Empty>
  );
