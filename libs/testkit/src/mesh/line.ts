import type { Codec } from '../rtp/g711.js';
import type { CarrierCall } from './carrier.js';

/**
 * A call of a carrier with somebody on the line, who speaks and listens: by RTP where FreeSWITCH is real, over the
 * stand-in's `unicast` otherwise.
 */
export interface Line {
  /** The final SIP status. Any other than 200: there is no call, and the rest does nothing. */
  readonly status: number;
  /** Whole frames of 20 ms at 8 kHz, after what waits already; silence before and after them. */
  say(samples: Int16Array): Promise<void>;
  /** What the caller has heard so far, in frames. */
  heard(): Promise<Int16Array[]>;
  press(digits: string): Promise<void>;
  /** Its carrier goes on with that codec, by an INVITE within the call. */
  changeCodec(codec: Codec): Promise<void>;
  /** Digits that the caller has heard. */
  digits(): Promise<string>;
  hangUp(): Promise<void>;
  /** The call is over. */
  readonly ended: Promise<void>;
  /** Gives up what the line holds; ends the call where it goes on. */
  close(): Promise<void>;
}

export interface LineCall extends Pick<CarrierCall, 'from' | 'number' | 'to' | 'headers'> {
  codec?: Codec;
  /**
   * What a REFER gets (202), and what the NOTIFY says of its target (200), so much later; `hangs_up`: the caller's BYE
   * follows it at once; `challenges`: it wants credentials first, and takes these milliseconds with them.
   */
  transfer?: { refer?: number; target?: number; after_ms?: number; hangs_up?: boolean; challenges?: number };
}
