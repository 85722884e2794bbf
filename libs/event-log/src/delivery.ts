/**
 * The position of a delivered message: in the stream, in what this consumer was sent, and how many the server still has
 * for it.
 */
export interface Delivery {
  sequence: number;
  consumerSequence: number;
  pending: number;
}

/**
 * From the reply subject of a JetStream message: `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer
 * seq>.<time>.<pending>`, or with domain and account before the stream and a token at the end (nats-server ADR-15).
 * Undefined for anything else.
 */
export function deliveryOf(reply: string): Delivery | undefined {
  const tokens = reply.split('.');
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9) return undefined;
  const first = tokens.length === 9 ? 5 : 7;
  const delivery = {
    sequence: Number(tokens[first]),
    consumerSequence: Number(tokens[first + 1]),
    pending: Number(tokens[first + 3]),
  };
  return Number.isSafeInteger(delivery.sequence + delivery.consumerSequence + delivery.pending) ? delivery : undefined;
}
