import type { AssistantSettings } from './assistant-settings.js';
import type { CallLimits } from './call-limits.js';
import type { HeldSecret } from './call-treatment.js';
import type { LocalRoutes } from './local-routes.nats.js';
import type { ResolvedTrunks } from './resolved-trunks.js';

/** What this host knows about its organisations, trunks and numbers. */
export interface Routing {
  local: LocalRoutes;
  resolved: ResolvedTrunks;
  /** The channels in use and the new calls of each trunk, on this host. */
  limits: CallLimits;
  /** The defaults, for calls where neither the organisation nor the number sets its own. */
  mesh: AssistantSettings;
  /**
   * The secret in plain text; an empty string if it cannot be decrypted, so that nothing is sent unsigned that should
   * be signed.
   */
  reveal: (secret: HeldSecret) => string;
}
