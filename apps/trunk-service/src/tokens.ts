/** What the modules provide that has no class; a class names what it needs with `@Inject(RECORD)`. */

/** `RecordStore` of record/record-store.pg.ts. */
export const RECORD = Symbol('RECORD');
/** `OwnNatsLink` of libs/runtime: the connection to NATS, which may not be there yet. */
export const NATS = Symbol('NATS');
/** `KeyRing` of libs/runtime. */
export const KEY_RING = Symbol('KEY_RING');
/** `KnownKeys` of access/known-keys.ts. */
export const KEYS = Symbol('KEYS');
/** `Heartbeats` of bridge/heartbeats.kv.ts. */
export const HEARTBEATS = Symbol('HEARTBEATS');
/** `Place` of trunk/trunk.ts: where a registering trunk would live now. */
export const PLACE = Symbol('PLACE');
