/**
 * What a caller's SDP (RFC 8866) offers for audio, as far as it decides whether FreeSWITCH can answer it. All of it is
 * hostile; pure.
 */
export interface AudioOffer {
  /**
   * In the caller's order; names in upper case as far as an SDP may write them, without telephone-event and comfort
   * noise.
   */
  codecs: OfferedCodec[];
  /**
   * Every audio stream brings a key that we can use (RFC 4568), or the fingerprint of one (RFC 5763): none of them can
   * end as plain RTP.
   */
  encrypted: boolean;
}

interface OfferedCodec {
  name: string;
  payloadType: number;
  rate: number;
}

/** RFC 3551 table 4: they need no rtpmap. */
const STATIC: Readonly<Record<number, string>> = {
  0: 'PCMU',
  3: 'GSM',
  4: 'G723',
  5: 'DVI4',
  6: 'DVI4',
  7: 'LPC',
  8: 'PCMA',
  9: 'G722',
  10: 'L16',
  11: 'L16',
  12: 'QCELP',
  13: 'CN',
  14: 'MPA',
  15: 'G728',
  16: 'DVI4',
  17: 'DVI4',
  18: 'G729',
};
const NO_VOICE = new Set(['TELEPHONE-EVENT', 'CN', 'RED']);
/** What FreeSWITCH offers and takes (`rtp_secure_media_suites` in deploy/freeswitch/prepare.mjs). */
const SUITES = new Set([
  'AEAD_AES_256_GCM',
  'AEAD_AES_128_GCM',
  'AES_256_CM_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
]);
/** An SDP that a UDP datagram can hold; the rest of a longer one is not read. */
const MAX_SDP_LENGTH = 65_536;
const MAX_CODECS = 32;

/** Undefined: there is no SDP (a late offer, RFC 3261 §13.2.1). */
export function readAudioOffer(sdp: string): AudioOffer | undefined {
  if (sdp.trim() === '') return undefined;
  const [session = [], ...media] = sections(sdp.slice(0, MAX_SDP_LENGTH).split(/\r\n|\n|\r/));
  const audio = media.filter(([line = '']) => /^m=audio [1-9]/.test(line));
  const keyed = (lines: readonly string[]) => lines.some(isKey);
  return {
    codecs: audio.flatMap(codecsOf).slice(0, MAX_CODECS),
    encrypted: audio.length > 0 && audio.every((lines) => keyed(lines) || keyed(session)),
  };
}

/** The session's lines, then those of each `m=`. */
function sections(lines: readonly string[]): string[][] {
  const found: string[][] = [[]];
  for (const line of lines) {
    if (line.startsWith('m=')) found.push([]);
    found.at(-1)!.push(line);
  }
  return found;
}

function codecsOf([media = '', ...lines]: readonly string[]): OfferedCodec[] {
  const maps = new Map(
    lines.flatMap((line) => {
      const map = /^a=rtpmap:(\d{1,3})\s+([\w.-]{1,32})\/(\d{1,6})/.exec(line);
      return map === null ? [] : [[Number(map[1]), { name: map[2]!.toUpperCase(), rate: Number(map[3]) }] as const];
    }),
  );
  return media
    .split(' ')
    .slice(3)
    .filter((format) => /^\d{1,3}$/.test(format))
    .map(Number)
    .flatMap((payloadType) => {
      const named =
        maps.get(payloadType) ??
        (STATIC[payloadType] === undefined ? undefined : { name: STATIC[payloadType], rate: 8_000 });
      return named === undefined || NO_VOICE.has(named.name) ? [] : [{ payloadType, ...named }];
    });
}

function isKey(line: string): boolean {
  const suite = /^a=crypto:\d{1,9}\s+(\w{1,64})\s+inline:/.exec(line)?.[1];
  return suite === undefined ? /^a=fingerprint:\S+ \S/.test(line) : SUITES.has(suite.toUpperCase());
}

/**
 * `allowed`: names as FreeSWITCH has them. A G.711 codec under a dynamic payload type is none for FreeSWITCH
 * (switch_core_media.c, "Audio Codec Compare").
 */
export const hasCommonCodec = ({ codecs }: AudioOffer, allowed: readonly string[]): boolean =>
  codecs.some(({ name, payloadType, rate }) => payloadType < 96 && rate === 8_000 && allowed.includes(name));

const MAX_NAMES = 16;

/** What a record keeps of an SDP: the codecs' names, as often as they are offered; null: there is no SDP. */
export const offeredNames = (sdp: string): string[] | null =>
  readAudioOffer(sdp)
    ?.codecs.slice(0, MAX_NAMES)
    .map(({ name }) => name) ?? null;

/** For a person. */
export function codecNames({ codecs }: AudioOffer): string {
  const names = [...new Set(codecs.map(({ name }) => name))].slice(0, 8);
  return names.length === 0 ? 'no audio' : names.join(', ');
}
