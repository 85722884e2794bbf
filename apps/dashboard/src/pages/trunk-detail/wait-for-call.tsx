import { useState } from 'react';
import { Button } from 'react-aria-components';
import { Link } from 'wouter';
import { api, client, dataOf, type Schemas } from '../../api/client.http.js';
import { Badge } from '../../ui/badge.js';
import { Failure } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { AddAddress } from '../refused/add-address.js';

const LOOK_MS = 1_500;

/** Waits for a call of one's own: accepted calls get a tone and an echo, refused ones say why. */
export function WaitForCall({ trunkId }: { trunkId: string }) {
  const [opened, setOpened] = useState<Schemas['OpenedExpectedCall']>();
  const [error, setError] = useState<unknown>();
  const path = { path: { id: trunkId } };
  const report = api.useQuery(
    'get',
    '/api/v1/sip-trunks/{id}/expect-call',
    { params: path },
    { enabled: opened !== undefined, refetchInterval: LOOK_MS },
  );
  const wait = async () => {
    setError(undefined);
    await dataOf(client.POST('/api/v1/sip-trunks/{id}/expect-call', { params: path, body: {} })).then(
      setOpened,
      setError,
    );
  };
  return (
    <>
      {opened === undefined && (
        <Button className="primary" onPress={() => void wait()}>
          Wait for a test call
        </Button>
      )}
      {error !== undefined && <Failure error={error} />}
      {opened && (
        <div role="status">
          <p>
            <b>Waiting for your call</b>, until <Time at={opened.expires_at} />. {opened.instructions}
          </p>
          <p>{report.data?.next}</p>
          <ul className="list">
            {report.data?.calls.map((call) => (
              <Arrival key={call.at + call.message} call={call} trunkId={trunkId} />
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

function Arrival({ call, trunkId }: { call: Schemas['ExpectedCallArrival']; trunkId: string }) {
  const address = call.add_address?.body.address;
  return (
    <li>
      <Badge state={call.outcome} /> <Time at={call.at} /> {call.message}
      {call.call_sid !== null && (
        <>
          {' '}
          <Link href={`/calls/${call.call_sid}`}>See the call</Link>
        </>
      )}
      {address !== undefined && <AddAddress trunkId={trunkId} address={address} />}
    </li>
  );
}
