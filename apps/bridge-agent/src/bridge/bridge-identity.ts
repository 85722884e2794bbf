/** Which bridge this agent is, and the pool that it belongs to. */
export interface BridgeIdentity {
  id: string;
  pool: string;
}
