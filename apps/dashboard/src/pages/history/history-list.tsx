import type { Schemas } from '../../api/client.http.js';
import { Time } from '../../ui/time.js';
import { actorText, changesText, entityText, eventText } from './history-text.js';

interface HistoryListProps {
  of: readonly Schemas['HistoryEntry'][];
  /** All are of one entity, which the page names already. */
  isOfOne?: boolean;
}

/** Who changed what, when and from where. */
export const HistoryList = ({ of, isOfOne = false }: HistoryListProps) => (
  <ul className="list">
    {of.map(({ id, type, at, actor, entity, changes }) => (
      <li key={id}>
        <Time at={at} /> <b>{eventText(type)}</b>
        {!isOfOne && ` of ${entityText(entity)}`} by {actorText(actor)}
        {changes.length > 0 && <p className="muted small">{changesText(changes)}</p>}
      </li>
    ))}
  </ul>
);
