import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';

/** A few replies are made at once; the memory of more is not kept. */
const MOST_SPARE = 3;

/**
 * Memory to make the pieces of replies in, used again as soon as nats-server has them: until then the connection may
 * still hold the bytes themselves. Otherwise each reply allocates some, and V8 marks its whole heap whenever enough has
 * been allocated.
 */
export class PieceMemory {
  private readonly spare: Uint8Array[] = [];

  /** `link`: on which the replies are sent. */
  constructor(
    private readonly bytes: number,
    private readonly link: Pick<NatsLink, 'connection'>,
  ) {}

  /** `reply` sends every piece before it settles, and has the memory to itself until then. */
  async lend<T>(reply: (memory: Uint8Array) => Promise<T>): Promise<T> {
    const memory = this.spare.pop() ?? Buffer.allocUnsafeSlow(this.bytes);
    try {
      return await reply(memory);
    } finally {
      // Where the connection was lost, what it held may be sent later, and the memory is left to that.
      this.link.connection?.flush().then(
        () => this.keep(memory),
        () => undefined,
      );
    }
  }

  private keep(memory: Uint8Array): void {
    if (this.spare.length < MOST_SPARE) this.spare.push(memory);
  }
}
