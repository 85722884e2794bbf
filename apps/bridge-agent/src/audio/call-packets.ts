import { FRAME_L16_BYTES } from './playout-queue.js';

/** 60 ms, the longest packetization time in use; and 10 ms, of which every one is a multiple. */
const LONGEST_MS = 60;
const STEP_MS = 10;
const BYTES_PER_MS = 16;

/**
 * Packs the clock's frames into datagrams of the call's own packetization time. FreeSWITCH's `unicast` expects
 * datagrams of at least that length: it overwrites the beginning of a shorter one with 0xFF and sends garbage behind it
 * (switch_core_session_write_frame, the "perfect" case), so that a caller with 40 ms hears nothing at all.
 */
export interface CallPackets {
  /** FreeSWITCH's packet time (`rtp_use_codec_ptime`); the caller's own packets may have another length. */
  fit(packetMs: number): void;
  /** 20 ms of L16. Sends at once where the call has 20 ms too. */
  push(l16: Uint8Array): void;
}

/** The buffer passed to `send` is reused. */
export function createCallPackets(send: (l16: Uint8Array) => void): CallPackets {
  let packetBytes = FRAME_L16_BYTES;
  let buffer = new Uint8Array(0);
  let packet = buffer;
  let filled = 0;
  return {
    fit(packetMs) {
      if (packetMs > LONGEST_MS || packetMs % STEP_MS !== 0) return;
      // A packet time shorter than ours needs nothing: a datagram may be longer than FreeSWITCH's packets.
      const bytes = Math.max(FRAME_L16_BYTES, packetMs * BYTES_PER_MS);
      if (bytes === packetBytes) return;
      packetBytes = bytes;
      buffer = new Uint8Array(packetBytes + FRAME_L16_BYTES);
      packet = buffer.subarray(0, packetBytes);
      filled = 0;
    },
    push(l16) {
      if (packetBytes === FRAME_L16_BYTES) return send(l16);
      buffer.set(l16, filled);
      filled += FRAME_L16_BYTES;
      if (filled < packetBytes) return;
      send(packet);
      buffer.copyWithin(0, packetBytes, filled);
      filled -= packetBytes;
    },
  };
}
