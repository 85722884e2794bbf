/** What of a stream is whole messages. Over a stream Content-Length ends a message (RFC 3261 §18.3). */
export function cutMessages(received: Buffer): { messages: string[]; rest: Buffer } {
  const messages: string[] = [];
  let rest = received;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    const head = rest.subarray(0, Math.max(end, 0) + 2).toString();
    const length = end + 4 + Number(/^content-length:\s*(\d+)/im.exec(head)?.[1] ?? 0);
    if (end === -1 || rest.length < length) return { messages, rest };
    messages.push(rest.subarray(0, length).toString());
    rest = rest.subarray(length);
  }
}
