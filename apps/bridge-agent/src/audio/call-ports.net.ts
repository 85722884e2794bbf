import type { PortPool } from './port-pool.js';
import { openUnicast, unicastHeaders, type UnicastHeaders } from './unicast.net.js';

/** One call's two ports. */
export interface CallPorts {
  readonly headers: UnicastHeaders;
  send(l16: Uint8Array): void;
  readonly strangers: number;
  /** Closes them and returns them to the pool, which holds them back. Call once. */
  close(): void;
}

/**
 * How many port pairs are tried: another program may use them, or FreeSWITCH may still hold them for a call from before
 * our restart.
 */
const ATTEMPTS = 20;

/** Never rejects; a string gives the reason why no ports are available. */
export async function openCallPorts(pool: PortPool, onAudio: (l16: Buffer) => void): Promise<CallPorts | string> {
  for (let nth = 0; nth < ATTEMPTS; nth += 1) {
    const pair = pool.take(performance.now());
    if (!pair) return `no free port pair: all ${pool.size} are in use`;
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
  return `${ATTEMPTS} port pairs in a row are in use by other programs`;
}
