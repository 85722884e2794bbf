import { encodeMuLaw, muLawAt } from './g711.js';
import { FRAME_BYTES } from './playout-queue.js';

/** More than any packetization time gives (FreeSWITCH's own buffer for a frame of 8 kHz). */
const MAX_DATAGRAM_BYTES = 4_096;

/**
 * Splits FreeSWITCH's audio into the protocol's frames of 20 ms. FreeSWITCH's datagrams have the caller's packet time,
 * for example 10, 30 or 60 ms.
 */
export interface CallerFrames {
  /** One datagram of little-endian L16. False if it is not. */
  push(l16: Uint8Array): boolean;
  /** Discards the partial frame. */
  reset(): void;
}

/** `onFrame` always gets the same buffer. */
export function createCallerFrames(onFrame: (muLaw: Buffer) => void): CallerFrames {
  const frame = Buffer.alloc(FRAME_BYTES);
  let filled = 0;
  return {
    push(l16) {
      if (l16.length % 2 !== 0 || l16.length === 0 || l16.length > MAX_DATAGRAM_BYTES) return false;
      if (filled === 0 && l16.length === 2 * FRAME_BYTES) {
        encodeMuLaw(l16, frame, FRAME_BYTES);
        onFrame(frame);
        return true;
      }
      for (let at = 0; at < l16.length; at += 2) {
        frame[filled] = muLawAt(l16, at);
        filled += 1;
        if (filled === FRAME_BYTES) {
          filled = 0;
          onFrame(frame);
        }
      }
      return true;
    },
    reset() {
      filled = 0;
    },
  };
}
