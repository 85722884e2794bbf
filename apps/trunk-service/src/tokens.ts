/** What app.module.ts binds; a controller names what it needs with `@Inject(RECORD)`. */
export const CONFIG = Symbol('CONFIG');
export const LOGGER = Symbol('LOGGER');
/** `RecordStore` of record/record-store.pg.ts. */
export const RECORD = Symbol('RECORD');
/** `OwnNatsLink` of libs/runtime: the connection to NATS, which may not be there yet. */
export const NATS = Symbol('NATS');
/** `() => Promise<Readiness>` of health/readiness.ts. */
export const READINESS = Symbol('READINESS');
/** `KeyRing` of libs/runtime. */
export const KEY_RING = Symbol('KEY_RING');
/** `(candidate trunk) => bridge id or null`: where a registering trunk would live now. */
export const PLACE = Symbol('PLACE');
/** `World` of status/await-verdicts.kv.ts: the record, the bridges, and what they say of their gateways. */
export const WORLD = Symbol('WORLD');
/** `Placement` of placement/placement.clock.ts: the bridges as this instance sees them. */
export const PLACEMENT = Symbol('PLACEMENT');
/** `KnownKeys` of api-key/known-keys.ts. */
export const KEYS = Symbol('KEYS');
