const ARENA_BYTES = 512 * 1024;
const EMPTY = Buffer.alloc(0);

/**
 * Encodes answers one behind the other into large buffers: one pass over each text, and no allocation for each. The
 * client holds on to a payload until it is written to the socket, so nothing is ever written over; a full buffer is
 * left to the garbage collector.
 */
export function createPayloadEncoder(): (text: string) => Uint8Array {
  let arena = EMPTY;
  let used = 0;
  return (text) => {
    // UTF-8 takes three bytes for a UTF-16 unit at the most.
    const most = text.length * 3;
    if (most > ARENA_BYTES) return Buffer.from(text, 'utf8');
    if (used + most > arena.length) {
      arena = Buffer.allocUnsafeSlow(ARENA_BYTES);
      used = 0;
    }
    const start = used;
    used += arena.write(text, start, 'utf8');
    return arena.subarray(start, used);
  };
}
