/** What Nest binds by a value. */
export const CONFIG = Symbol('config');
export const LOGGER = Symbol('logger');
export const AGENT_VERSION = Symbol('agent version');
