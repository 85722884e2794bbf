import type { PortPool } from './port-pool.js';
import { openUnicast, unicastHeaders, type UnicastHeaders } from './unicast.net.js';

/** One call's two ports. */
export interface CallPorts {
  readonly headers: UnicastHeaders;
  send(l16: Uint8Array): void;
  readonly strangers: number;
  /** Closes them and has them held back. Once. */
  close(): void;
}

/**
 *  Ports of the range that something else on the host has taken, or that FreeSWITCH still holds for a call from before
 *  our restart, are passed over: at most this many.
 */
const ATTEMPTS = 20;

/** Rejects never: a text says why there are none. */
export async function openCallPorts(pool: PortPool, onAudio: (l16: Buffer) => void): Promise<CallPorts | string> {
  for (let nth = 0; nth < ATTEMPTS; nth += 1) {
    const pair = pool.take(performance.now());
    if (!pair) return `none of ${pool.size} pairs of ports is free`;
    const giveBack = (): void => pool.giveBack(pair, performance.now());
    const unicast = await openUnicast(pair, onAudio).catch((error: NodeJS.ErrnoException) => error);
    if (unicast && !(unicast instanceof Error)) {
      return {
        headers: unicastHeaders(pair),
        send: unicast.send,
        get strangers() {
          return unicast.strangers;
        },
        close() {
          unicast.close();
          giveBack();
        },
      };
    }
    giveBack();
    if (unicast) return unicast.code ?? unicast.message;
  }
  return `${ATTEMPTS} pairs of ports in a row are in use by others`;
}
