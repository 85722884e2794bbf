/** `Agent`: what every part gets. */
export const AGENT = Symbol('AGENT');
/** `AgentInstance`: this process. */
export const AGENT_INSTANCE = Symbol('AGENT_INSTANCE');
/** `StateLock`: no other process uses STATE_DIR. */
export const STATE_LOCK = Symbol('STATE_LOCK');
/** `BridgeLink`: NATS, usable once this process holds the bridge. */
export const NATS_LINK = Symbol('NATS_LINK');
/** `AssistantSettings`: the defaults, for calls where neither the organisation nor the number sets its own. */
export const ASSISTANT_SETTINGS = Symbol('ASSISTANT_SETTINGS');
/** `Routing`: what this host knows about its organisations, trunks and numbers. */
export const ROUTING = Symbol('ROUTING');
/** `Recordings`. */
export const RECORDINGS = Symbol('RECORDINGS');
/** `KeptCalls`: what is kept of calls, in memory and on disk. */
export const KEPT_CALLS = Symbol('KEPT_CALLS');
/** `CallDeadlines`; tests shorten them. */
export const CALL_DEADLINES = Symbol('CALL_DEADLINES');
/** `CallParts`: what every call of this host uses, inbound or outbound. */
export const CALL_PARTS = Symbol('CALL_PARTS');
/** `RefusalPorts`: counts calls that no organisation's call log shows. */
export const CALL_REFUSALS = Symbol('CALL_REFUSALS');
/** `InboundCallPorts`. */
export const INBOUND_CALL_PORTS = Symbol('INBOUND_CALL_PORTS');
/** `EslClient`: the connection that outbound calls are dialled over. */
export const DIALLING_ESL = Symbol('DIALLING_ESL');
/** `CallControlPorts`. */
export const CALL_CONTROL = Symbol('CALL_CONTROL');
/** `TrunkTestPorts`. */
export const TRUNK_TESTS = Symbol('TRUNK_TESTS');
