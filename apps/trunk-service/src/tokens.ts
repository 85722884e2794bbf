/** What the modules provide that has no class; a class names what it needs with `@Inject(EVENT_STORE)`. */

/** `EventStore` of event-store/event-store.pg.ts. */
export const EVENT_STORE = Symbol('EVENT_STORE');
/** `OwnNatsLink` of libs/runtime: the connection to NATS, which may not be there yet. */
export const NATS = Symbol('NATS');
/** `KeyRing` of libs/runtime. */
export const KEY_RING = Symbol('KEY_RING');
/** `KnownKeys` of access/known-keys.ts. */
export const KEYS = Symbol('KEYS');
/** `Heartbeats` of bridge/heartbeats.nats.ts. */
export const HEARTBEATS = Symbol('HEARTBEATS');
/** `Place` of trunk/trunk.ts: where a registering trunk would live now. */
export const PLACE = Symbol('PLACE');
