/** Digest authentication (RFC 3261 §22, RFC 8760) as a client. Pure: hashing and randomness are arguments. */
export type DigestAlgorithm = 'MD5' | 'SHA-256';
export type Hash = (algorithm: DigestAlgorithm, text: string) => string;

export interface Challenge {
  /** The header that answers it. */
  answersIn: 'Authorization' | 'Proxy-Authorization';
  algorithm: DigestAlgorithm;
  realm: string;
  nonce: string;
  opaque: string | undefined;
  qop: 'auth' | undefined;
  /** The password was right and the nonce too old. */
  stale: boolean;
}

/**
 * The challenge to answer: MD5 before SHA-256, as FreeSWITCH does, which knows no other. Undefined: there is none of a
 * form that is known here.
 */
export function challengeOf(status: number, headers: (name: string) => readonly string[]): Challenge | undefined {
  const isProxy = status === 407;
  const known = headers(isProxy ? 'proxy-authenticate' : 'www-authenticate').flatMap((value) =>
    readChallenge(value, isProxy ? 'Proxy-Authorization' : 'Authorization'),
  );
  return known.find(({ algorithm }) => algorithm === 'MD5') ?? known[0];
}

const ALGORITHMS: Readonly<Record<string, DigestAlgorithm>> = { md5: 'MD5', 'sha-256': 'SHA-256' };

function readChallenge(value: string, answersIn: Challenge['answersIn']): Challenge[] {
  if (!/^digest\s/i.test(value)) return [];
  const given = parametersOf(value);
  const algorithm = ALGORITHMS[given.get('algorithm')?.toLowerCase() ?? 'md5'];
  const [realm, nonce, qop] = [given.get('realm'), given.get('nonce'), given.get('qop')];
  // A value with an escape could be hashed differently by each side.
  if (algorithm === undefined || !isPlain(realm) || !isPlain(nonce) || !offersAuth(qop)) return [];
  const stale = given.get('stale')?.toLowerCase() === 'true';
  const opaque = given.get('opaque');
  return [{ answersIn, algorithm, realm, nonce, opaque, qop: qop === undefined ? undefined : 'auth', stale }];
}

const parametersOf = (value: string): ReadonlyMap<string, string> =>
  new Map(
    [...value.matchAll(/([\w-]{1,32})\s*=\s*(?:"((?:[^"\\]|\\.){0,1024})"|([^\s",]{1,1024}))/g)].map(
      ([, name, quoted, bare]) => [name!.toLowerCase(), quoted ?? bare ?? ''],
    ),
  );
const isPlain = (text: string | undefined): text is string => text?.includes('\\') === false;
/** Not `auth-int` alone; without a qop it is the digest of RFC 2069. */
const offersAuth = (qop: string | undefined): boolean =>
  qop?.split(',').some((one) => one.trim().toLowerCase() === 'auth') !== false;

export interface Credentials {
  username: string;
  password: string;
}

/** The header that answers the challenge, for one request. */
export function answerChallenge(
  challenge: Challenge,
  { username, password }: Credentials,
  request: { method: string; uri: string; cnonce: string },
  hash: Hash,
): readonly [name: string, value: string] {
  const { algorithm, realm, nonce, opaque, qop } = challenge;
  const { method, uri, cnonce } = request;
  const digest = (text: string) => hash(algorithm, text);
  const a1 = digest(`${username}:${realm}:${password}`);
  const a2 = digest(`${method}:${uri}`);
  const middle = qop === undefined ? nonce : `${nonce}:00000001:${cnonce}:${qop}`;
  const parts = [
    `username="${username.replace(/["\\]/g, '\\$&')}"`,
    `realm="${realm}"`,
    `nonce="${nonce}"`,
    `uri="${uri}"`,
    `response="${digest(`${a1}:${middle}:${a2}`)}"`,
    `algorithm=${algorithm}`,
    ...(qop === undefined ? [] : [`qop=${qop}`, 'nc=00000001', `cnonce="${cnonce}"`]),
    ...(opaque === undefined ? [] : [`opaque="${opaque}"`]),
  ];
  return [challenge.answersIn, `Digest ${parts.join(', ')}`];
}
