import type { Headers } from './wire.js';

/**
 * The caller's ACK comes back a moment after the 200, and with it what only it knows. Without one FreeSWITCH gives up.
 */
export const [ACK_MS, UNACKNOWLEDGED_MS] = [5, 32_000] as const;

export type Ack = 'real' | 'none' | 'forged';

export const ownTag = (uuid: string): string => uuid.slice(0, 13).replace('-', '');

/** The channel variables that an ACK sets. */
export const ackOf = (ack: Ack, uuid: string): Headers => [
  ['sip_to_tag', ack === 'forged' ? 'forged' : ownTag(uuid)],
  ['sip_cseq', '1'],
];
