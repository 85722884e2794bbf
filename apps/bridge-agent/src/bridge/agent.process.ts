import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { Config } from '../config.js';
import type { BridgeIdentity } from './bridge-identity.js';

/** What every part of the agent gets, once this process holds STATE_DIR and has claimed the bridge. */
export interface Agent {
  bridge: BridgeIdentity;
  config: Config;
  /** Opens SIP passwords and signing secrets. */
  ring: KeyRing;
  link: NatsLink;
  logger: Logger;
}
