/** What Nest injects by name: the values have no class. */
export const CONFIG = Symbol('config');
export const LOGGER = Symbol('logger');
/** What the call log's controller works with. */
export const CALL_LOG = Symbol('call log');
