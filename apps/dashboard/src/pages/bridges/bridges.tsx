import { api, client, dataOf, refresh, type Schemas } from '../../api/client.http.js';
import { count } from '../../format.js';
import { Badge } from '../../ui/badge.js';
import { Confirm } from '../../ui/confirm.js';
import { Card, Facts, Page } from '../../ui/page.js';
import { Empty, Found } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import { Gaps } from './gaps.js';

type OperatorBridge = Schemas['OperatorBridge'];
const isOperatorBridge = (bridge: Schemas['AnyBridge']): bridge is OperatorBridge => 'heartbeat' in bridge;

/** The operator's hosts: heartbeat, versions, load, drift. */
export default function Bridges() {
  const bridges = api.useQuery('get', '/api/v1/bridges');
  return (
    <Page title="Bridges">
      <Found of={bridges}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No bridge has reported yet">
              <p>Start a bridge-agent beside a FreeSWITCH; it registers itself.</p>
            </Empty>
          ) : (
            all.map((bridge) => <OneBridge key={bridge.id} bridge={bridge} />)
          )
        }
      </Found>
      <Gaps />
    </Page>
  );
}

const health = (alive: boolean | null) => (alive === null ? 'unknown' : alive ? 'online' : 'offline');
const HEALTH_STATE = { online: 'live', offline: 'failed', unknown: 'unknown' } as const;

function OneBridge({ bridge }: { bridge: Schemas['AnyBridge'] }) {
  const beat = isOperatorBridge(bridge) ? bridge.heartbeat : null;
  const state = health(bridge.alive);
  return (
    <Card title={bridge.id} actions={<Badge state={HEALTH_STATE[state]}>{state}</Badge>}>
      <Facts
        of={[
          ['Address', bridge.sip_address],
          ['Pool', bridge.pool],
          ['Status', <Badge key="status" state={bridge.status} />],
          ...(beat ? factsOf(beat) : []),
        ]}
      />
      <div className="actions">
        {bridge.status === 'active' ? (
          <Confirm action={`Drain ${bridge.id}`} onConfirm={() => change(bridge.id, 'drain')}>
            <p>Its registering trunks move to other bridges. Calls that go on are not ended.</p>
          </Confirm>
        ) : (
          <Confirm action={`Return ${bridge.id} to service`} onConfirm={() => change(bridge.id, 'resume')}>
            <p>Trunks can be placed on it again.</p>
          </Confirm>
        )}
      </div>
    </Card>
  );
}

async function change(id: string, what: 'drain' | 'resume'): Promise<void> {
  await dataOf(client.POST(`/api/v1/bridges/{id}/${what}`, { params: { path: { id } } }));
  await refresh('/api/v1/bridges');
}

const factsOf = (beat: Schemas['Heartbeat']) =>
  [
    ['Calls now', count(beat.calls)],
    ['Heartbeat', <Time key="at" at={beat.at} relative />],
    ['Agent', beat.agent_version],
    ['FreeSWITCH', beat.freeswitch.connected ? (beat.freeswitch.version ?? 'connected') : 'not connected'],
    [
      'Gateways',
      Object.entries(beat.gateways)
        .map(([state, many]) => `${state} ${many}`)
        .join(', ') || 'none',
    ],
    ['Differences from the wanted state', count(beat.drift)],
    ['Call records not confirmed', count(beat.unconfirmed_records)],
    ['Running since', <Time key="since" at={beat.started_at} />],
  ] as const;
