/** Names a message that could not be recorded, as `dead-letters` lists it. */
export interface LetterId {
  /** In the stream. */
  sequence: string;
  /** How its digest begins, in hexadecimal. */
  digest: string;
}
