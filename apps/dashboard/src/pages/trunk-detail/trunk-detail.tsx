import { useState } from 'react';
import { Button } from 'react-aria-components';
import { Link, useLocation, useParams } from 'wouter';
import { api, client, dataOf, refresh, type Schemas } from '../../api/client.http.js';
import { REGISTRATION_CAUSES } from '@trunkmesh/contracts/registration-cause.js';
import { useSession } from '../../session/session.js';
import { Badge } from '../../ui/badge.js';
import { Coded } from '../../ui/coded.js';
import { Confirm } from '../../ui/confirm.js';
import { Card, Facts, Page } from '../../ui/page.js';
import { Failure, Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { RefusedList } from '../refused/refused-list.js';
import { CallsOf, NumbersOf, TrunkHistory } from './trunk-lists.js';
import { fieldToMend } from '../trunk-edit/trunk-fields.js';
import { deletionProblem } from './deletion-problem.js';
import { Registrations } from './registrations.js';
import { GatewayFile, LastExchange } from './trunk-sip.js';
import { TrunkTests } from './trunk-tests.js';

/** One trunk: its state on each bridge and why, its test, its numbers and calls. */
export default function TrunkDetail() {
  const { id = '' } = useParams<{ id: string }>();
  const trunk = api.useQuery('get', '/api/v1/sip-trunks/{id}', { params: { path: { id } } });
  return (
    <Page
      title={trunk.data?.name ?? 'Trunk'}
      back={{ to: '/trunks', label: 'Trunks' }}
      actions={trunk.data && <Actions trunk={trunk.data} />}
    >
      <Found of={trunk}>{(found) => <Detail trunk={found} />}</Found>
    </Page>
  );
}

const Detail = ({ trunk }: { trunk: Schemas['Trunk'] }) => (
  <>
    {trunk.hints.map(({ message, pointer }) => (
      <div key={message} className="notice warn">
        {message} <Mend id={trunk.id} field={pointer.slice(1)} />
      </div>
    ))}
    <State id={trunk.id} />
    <div className="columns">
      <Settings trunk={trunk} />
      <TrunkTests id={trunk.id} />
      <NumbersOf trunkId={trunk.id} />
      <CallsOf trunkId={trunk.id} />
      <Registrations id={trunk.id} />
      <RefusedOf trunk={trunk} />
    </div>
    <LastExchange id={trunk.id} />
    <GatewayFile id={trunk.id} />
    <TrunkHistory trunkId={trunk.id} />
  </>
);

/** A call that names no trunk may be any trunk's: for example a PBX that calls from a new address. */
const RefusedOf = ({ trunk }: { trunk: Schemas['Trunk'] }) => (
  <Card title="Refused calls">
    <h3>That name this trunk</h3>
    <RefusedList trunk={trunk} filter={{ trunk_id: trunk.id }} empty={<p>None.</p>} />
    <h3>That name no trunk</h3>
    <RefusedList
      trunk={trunk}
      filter={{ trunk_id: 'none' }}
      empty={<p>None. A call to one of your numbers from an address that no trunk has is listed here.</p>}
    />
  </Card>
);

function Actions({ trunk: { id, enabled } }: { trunk: Schemas['Trunk'] }) {
  const { mayManage } = useSession();
  const [, navigate] = useLocation();
  const [error, setError] = useState<unknown>();
  if (!mayManage) return null;
  const params = { path: { id } };
  const change = async (work: Promise<unknown>) => {
    setError(undefined);
    await work.then(() => refresh('/api/v1/sip-trunks', '/api/v1/trunk-states'), setError);
  };
  const remove = async () => {
    await dataOf(client.DELETE('/api/v1/sip-trunks/{id}', { params })).catch((problem: unknown) => {
      throw deletionProblem(problem);
    });
    navigate('/trunks');
  };
  return (
    <>
      {error !== undefined && <Failure error={error} />}
      <Link href={`/trunks/${id}/edit`} className="button">
        Edit
      </Link>
      {enabled ? (
        <Button onPress={() => void change(dataOf(client.POST('/api/v1/sip-trunks/{id}/disable', { params })))}>
          Disable
        </Button>
      ) : (
        <Button onPress={() => void change(dataOf(client.POST('/api/v1/sip-trunks/{id}/enable', { params })))}>
          Enable
        </Button>
      )}
      <Confirm action="Delete trunk" onConfirm={remove}>
        <p>Calls over this trunk are no longer accepted, and its password is forgotten. Disabling keeps it.</p>
        <p>A trunk that still has numbers is not deleted: select them under Numbers and assign another trunk first.</p>
      </Confirm>
    </>
  );
}

function State({ id }: { id: string }) {
  const status = api.useQuery('get', '/api/v1/sip-trunks/{id}/status', { params: { path: { id } } });
  return (
    <Card title="State" actions={status.data && <Badge state={status.data.verdict} />}>
      <Found of={status}>
        {({ summary, bridges }) => (
          <>
            <p>{summary}</p>
            <ul className="list">
              {bridges.map((bridge) => (
                <OnBridge key={bridge.bridge_id} id={id} bridge={bridge} />
              ))}
            </ul>
          </>
        )}
      </Found>
    </Card>
  );
}

const OnBridge = ({
  id,
  bridge: { bridge_id, verdict, reason, registration, since },
}: {
  id: string;
  bridge: Schemas['BridgeVerdict'];
}) => (
  <li>
    <Badge state={verdict} /> <b>{bridge_id}</b>: {reason}
    {registration.sip_status !== null && ` (SIP ${registration.sip_status} ${registration.sip_phrase ?? ''})`}
    {registration.cause !== null && (
      <p>
        Likely cause: <Coded words={REGISTRATION_CAUSES} code={registration.cause} />.{' '}
        <Mend id={id} field={fieldToMend(registration.cause)} />
      </p>
    )}
    {since !== null && (
      <p className="muted small">
        Since <Time at={since} />
      </p>
    )}
  </li>
);

/** Where it is mended, for who may. */
function Mend({ id, field }: { id: string; field: string | undefined }) {
  const { mayManage } = useSession();
  if (!mayManage || field === undefined) return null;
  return <Link href={`/trunks/${id}/edit?field=${encodeURIComponent(field)}`}>Change it</Link>;
}

const Settings = ({ trunk }: { trunk: Schemas['Trunk'] }) => (
  <Card title="Settings">
    <Facts
      of={[
        ['Gateway', <code key="gateway">{trunk.gateway}</code>],
        ['Connected by', trunk.register ? 'registration' : 'address'],
        trunk.username === null ? null : ['User name', trunk.username],
        ['Password', trunk.has_password ? 'stored, not shown' : 'none'],
        ['Transport', `${trunk.transport.toUpperCase()}, SRTP ${trunk.srtp}`],
        ['Codecs', trunk.codecs.join(', ')],
        ['Priority', trunk.priority],
        ['Calls may come from', trunk.inbound_addresses.join(', ') || 'the gateway'],
        ['Calls at once', trunk.max_channels ?? 'no limit'],
        ['May call', trunk.outbound_country_codes?.join(', ') ?? 'as the organisation'],
        ['Pool of bridges', trunk.bridge_pool],
        ['Changed', <Time key="changed" at={trunk.updated_at} />],
      ]}
    />
  </Card>
);
