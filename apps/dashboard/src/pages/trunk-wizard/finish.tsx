import { Link } from 'wouter';
import type { Schemas } from '../../api/client.http.js';
import { Copy } from '../../ui/copy.js';
import { Card } from '../../ui/page.js';
import { WaitForCall } from '../trunk-detail/wait-for-call.js';
import type { Preset } from './draft.js';
import { BridgeAddresses } from '../connection/bridge-addresses.js';

/** The trunk is saved: what to enter on the other side, and the first call. */
export const Finish = ({ preset, trunk }: { preset: Preset | undefined; trunk: Schemas['Trunk'] }) => (
  <>
    <div className="notice good" role="status">
      {trunk.name} is saved. <Link href={`/trunks/${trunk.id}`}>Open the trunk</Link>
    </div>
    <Card title={`What to enter at ${preset?.name ?? 'the carrier'}`}>
      {preset === undefined || preset.carrier_side.length === 0 ? (
        <BridgeAddresses />
      ) : (
        <ul className="list">
          {preset.carrier_side.flatMap(({ where, values, hint }) =>
            values.map((value) => (
              <li key={where + value}>
                <p>{where}</p>
                <Copy label={where} value={value} />
                {hint !== null && <p className="muted small">{hint}</p>}
              </li>
            )),
          )}
        </ul>
      )}
    </Card>
    <Card title="Your first call">
      <WaitForCall trunkId={trunk.id} />
      <p>
        Then <Link href="/numbers">add your numbers</Link> and assign them to {trunk.name}.
      </p>
    </Card>
  </>
);
