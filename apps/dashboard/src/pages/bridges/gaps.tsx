import { api, type Schemas } from '../../api/client.http.js';
import { count } from '../../format.js';
import { Card } from '../../ui/page.js';
import { Time } from '../../ui/time.js';
import { outlookText, recordsText } from './gap-text.js';

/** Call records that have not come from bridges. Nothing is shown while there are none, or while that is not known. */
export const Gaps = () => {
  const { data } = api.useQuery('get', '/api/v1/usage/gaps');
  if (data === undefined || data.total === 0) return null;
  return (
    <Card title="Missing call records">
      <ul>
        {data.items.map((gap) => (
          <li key={`${gap.bridge_id} ${gap.bridge_epoch} ${gap.first}`}>
            <OneGap gap={gap} />
          </li>
        ))}
      </ul>
      {data.total > data.items.length && (
        <p className="muted small">
          The first {count(data.items.length)} of {count(data.total)}.
        </p>
      )}
    </Card>
  );
};

const OneGap = ({ gap }: { gap: Schemas['UsageGap'] }) => (
  <>
    <b>{gap.bridge_id}</b>: {recordsText(gap)}, of calls that ended{' '}
    {gap.after !== null && (
      <>
        after <Time at={gap.after} />{' '}
      </>
    )}
    {gap.before !== null && (
      <>
        before <Time at={gap.before} />
      </>
    )}
    {gap.after === null && gap.before === null && 'at an unknown time'}. {outlookText(gap)}
  </>
);
