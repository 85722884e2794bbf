import { client, pageOf } from '../../api/client.http.js';
import { Badge } from '../../ui/badge.js';
import { DataTable } from '../../ui/data-table.js';
import { Page } from '../../ui/page.js';
import { Empty, Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { usePages } from '../../ui/use-pages.js';

/** The operator chooses whom to act for. */
export default function Organizations() {
  const { query, items, loadMore, isLoadingMore } = usePages(['/api/v1/organizations'], (cursor) =>
    pageOf(client.GET('/api/v1/organizations', { params: { query: { limit: 200, cursor } } })),
  );
  return (
    <Page title="Organisations">
      <Found of={query}>
        {() => (
          <DataTable
            label="Organisations"
            items={items}
            keyOf={({ id }) => id}
            loadMore={loadMore}
            isLoadingMore={isLoadingMore}
            empty={
              <Empty title="There is no organisation yet">
                <p>
                  Add one with <code>POST /api/v1/organizations</code>.
                </p>
              </Empty>
            }
            columns={[
              { id: 'name', title: 'Name', share: 2, cell: ({ id, name }) => <a href={`/app/o/${id}`}>{name}</a> },
              { id: 'status', title: 'Status', cell: ({ status }) => <Badge state={status} /> },
              { id: 'since', title: 'Since', wideOnly: true, cell: ({ created_at }) => <Time at={created_at} /> },
            ]}
          />
        )}
      </Found>
    </Page>
  );
}
