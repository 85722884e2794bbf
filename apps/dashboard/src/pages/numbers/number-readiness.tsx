import { Link } from 'wouter';
import { api, type Schemas } from '../../api/client.http.js';
import { useSession } from '../../session/session.js';
import { Badge } from '../../ui/badge.js';
import { Card } from '../../ui/page.js';
import { Found } from '../../ui/states.js';
import { historyOf } from '../history/history-text.js';

type Way = Schemas['NumberReadiness']['inbound'];

/** Whether a number takes and places calls, and the first step that is missing. */
export function NumberReadiness({ id }: { id: string }) {
  const { mayManage } = useSession();
  const readiness = api.useQuery('get', '/api/v1/phone-numbers/{id}/readiness', { params: { path: { id } } });
  const number = readiness.data?.phone_number;
  return (
    <Card
      title={`Is ${number ?? 'the number'} ready?`}
      actions={mayManage && number && <Link href={historyOf('number', number)}>Its history</Link>}
    >
      <Found of={readiness}>
        {({ inbound, outbound }) => (
          <div className="columns">
            <Steps title="To take calls" way={inbound} />
            <Steps title="To place calls" way={outbound} />
          </div>
        )}
      </Found>
    </Card>
  );
}

const Steps = ({ title, way }: { title: string; way: Way }) => (
  <div>
    <h3>
      {title}: <Badge state={way.ready ? 'done' : 'missing'}>{way.ready ? 'ready' : 'not ready'}</Badge>
    </h3>
    <ul className="list">
      {way.steps.map(({ step, result, message }) => (
        <li key={step}>
          <Badge state={result} /> {message}
        </li>
      ))}
    </ul>
  </div>
);
