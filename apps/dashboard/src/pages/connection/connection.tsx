import { Card, Page } from '../../ui/page.js';
import { BridgeAddresses } from './bridge-addresses.js';

/** What to enter at a carrier or PBX, and to allow in a firewall. */
const Connection = () => (
  <Page title="Connection">
    <Card title="Send your calls to">
      <BridgeAddresses />
    </Card>
  </Page>
);
export default Connection;
