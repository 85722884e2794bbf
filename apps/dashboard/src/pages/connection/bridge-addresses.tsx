import { api, type Schemas } from '../../api/client.http.js';
import { Badge } from '../../ui/badge.js';
import { Copy } from '../../ui/copy.js';
import { Empty, Found } from '../../ui/states.js';

/** Where a carrier or PBX sends calls, ready to copy. */
export function BridgeAddresses() {
  const connection = api.useQuery('get', '/api/v1/connection');
  return (
    <Found of={connection}>
      {({ bridges }) =>
        bridges.length === 0 ? (
          <Empty title="No bridge is assigned to you yet">
            <p>Ask your platform&rsquo;s support for a bridge.</p>
          </Empty>
        ) : (
          <ul className="list">
            {bridges.map((bridge) => (
              <Bridge key={bridge.id} bridge={bridge} />
            ))}
          </ul>
        )
      }
    </Found>
  );
}

const Bridge = ({ bridge }: { bridge: Schemas['BridgeAddress'] }) => (
  <li>
    <p>
      <b>{bridge.id}</b>{' '}
      {bridge.alive === null ? null : (
        <Badge state={bridge.alive ? 'live' : 'failed'}>{bridge.alive ? 'online' : 'offline'}</Badge>
      )}
    </p>
    {[bridge.host, ...bridge.addresses.filter((each) => each !== bridge.host)].map((address) => (
      <p key={address}>
        <Copy label={`the address ${address}`} value={address} />
      </p>
    ))}
    <p className="muted small">
      SIP: {bridge.transports.map(({ transport, port }) => `${transport.toUpperCase()} ${port}`).join(', ')}.
      {bridge.rtp && ` Audio (RTP): UDP ${bridge.rtp.first} to ${bridge.rtp.last}.`}
    </p>
  </li>
);
