/** A copy of a text in Latin-1. A part of a datagram's text would keep all of it in memory, unmasked. */
export const copyOf = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');
