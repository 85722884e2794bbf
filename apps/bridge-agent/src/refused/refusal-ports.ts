import type { RefusedFacts } from './refused-invites.js';

/** Counts calls that no organisation's call log shows. */
export interface RefusalPorts {
  /** The call reached the agent, so FreeSWITCH's capture must not count it. */
  handled(sipCallId: string): void;
  /** The agent refused the call, and it belongs to no organisation. */
  unowned(refused: RefusedFacts, sipCallId: string | null): void;
}
