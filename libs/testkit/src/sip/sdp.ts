/** Session descriptions (RFC 8866, RFC 3264) as far as a test carrier needs them. Pure. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface AudioDescription {
  address: string;
  port: number;
  /** In the order of preference. */
  codecs: readonly { payloadType: number; name: string }[];
  /** `a=ptime`; absent: not said. */
  ptime?: number;
  /** Absent: not said, which means `sendrecv`. */
  direction?: Direction;
  /** Digits by telephone-event, payload type 101; default true. */
  digits?: boolean;
}

/** `version` counts the descriptions of one session (RFC 3264 §8). */
export function writeSdp(
  { address, port, codecs, ptime, direction, digits = true }: AudioDescription,
  version = 1,
): string {
  const types = [...codecs.map(({ payloadType }) => payloadType), ...(digits ? [101] : [])];
  return [
    'v=0',
    `o=carrier 1 ${version} IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `m=audio ${port} RTP/AVP ${types.join(' ')}`,
    ...codecs.map(({ payloadType, name }) => `a=rtpmap:${payloadType} ${name}/8000`),
    ...(digits ? ['a=rtpmap:101 telephone-event/8000'] : []),
    ...(ptime === undefined ? [] : [`a=ptime:${ptime}`]),
    ...(direction === undefined ? [] : [`a=${direction}`]),
    '',
  ].join('\r\n');
}

/** What the other side says of its audio; undefined: nothing. */
export function readSdp(
  text: string,
):
  | { address: string; port: number; payloadTypes: number[]; ptime: number | undefined; direction: Direction }
  | undefined {
  const media = /^m=audio (\d+) \S+ ([\d ]+)\r?$/m.exec(text);
  if (media === null) return undefined;
  const ptime = /^a=ptime:(\d+)/m.exec(text)?.[1];
  return {
    address: /^c=IN IP4 (\S+)/m.exec(text)?.[1] ?? '',
    port: Number(media[1]),
    payloadTypes: media[2]!.split(' ').map(Number),
    ptime: ptime === undefined ? undefined : Number(ptime),
    direction: (/^a=(sendrecv|sendonly|recvonly|inactive)\r?$/m.exec(text)?.[1] ?? 'sendrecv') as Direction,
  };
}
