/** What Nest injects by name: the values have no class. */
export const CONFIG = Symbol('config');
export const LOGGER = Symbol('logger');
