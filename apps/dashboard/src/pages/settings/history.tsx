import { Button } from 'react-aria-components';
import { client, cursorPage, dataOf } from '../../api/client.http.js';
import { DayFields } from '../../choices/day-fields.js';
import { useSession } from '../../session/session.js';
import { Choice, Field } from '../../ui/field.js';
import { OnlyAdmins } from '../../ui/only-admins.js';
import { Card } from '../../ui/page.js';
import { Found } from '../../ui/states.js';
import { usePages } from '../../ui/use-pages.js';
import { useView } from '../../ui/use-view.js';
import { HistoryList } from '../history/history-list.js';
import { historyFilter, KIND_CHOICES } from '../history/history-text.js';
import { ActorChoice } from './actor-choice.js';

const PAGE_SIZE = 50;

/** Addresses of colleagues are for admins. */
export default function History() {
  return useSession().mayManage ? <Changes /> : <OnlyAdmins what="see who changed what" />;
}

/** Who changed what in the organisation, newest first. */
function Changes() {
  const [view, setView] = useView();
  const kind = view('kind');
  const by = view('by');
  const filter = historyFilter({ kind, id: view('id'), by, from: view('from'), to: view('to') });
  const list = usePages(['/api/v1/events', filter], async (cursor) =>
    cursorPage(
      await dataOf(client.GET('/api/v1/events', { params: { query: { ...filter, limit: PAGE_SIZE, cursor } } })),
    ),
  );
  return (
    <Card title="History">
      <div className="filters" role="search">
        <Choice
          label="What was changed"
          value={kind}
          onChange={(next) => setView({ kind: next, id: '' })}
          options={KIND_CHOICES}
        />
        {kind !== '' && (
          <Field
            label={kind === 'number' ? 'Phone number' : 'Id'}
            value={view('id')}
            onChange={(id) => setView({ id })}
            placeholder="Any"
          />
        )}
        <ActorChoice value={by} onChange={(next) => setView({ by: next })} />
        <DayFields of={{ from: view('from'), to: view('to') }} onChange={setView} />
      </div>
      <Found of={list.query}>
        {() =>
          list.items.length === 0 ? (
            <p>No change matches. Choose other days, or everything.</p>
          ) : (
            <HistoryList of={list.items} />
          )
        }
      </Found>
      {list.loadMore && (
        <Button onPress={list.loadMore} isDisabled={list.isLoadingMore}>
          Show older changes
        </Button>
      )}
    </Card>
  );
}
