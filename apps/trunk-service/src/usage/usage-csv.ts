import { ledgerEntry } from '@trunkmesh/contracts/usage-query.js';

/** RFC 4180, with CRLF; billing-observer makes the lines, with the same columns. */
export const csvHead = `${ledgerEntry.keyof().options.join(',')}\r\n`;
