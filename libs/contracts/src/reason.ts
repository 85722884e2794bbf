/**
 * Whose matter a reason is. `success`: it went as somebody wanted. `client_error`: the caller's or the organisation's.
 * `upstream_error`: the carrier's or the assistant's. `server_error`: the mesh's. `indeterminate`: nobody saw it.
 */
export type ReasonClass = 'success' | 'client_error' | 'upstream_error' | 'server_error' | 'indeterminate';
