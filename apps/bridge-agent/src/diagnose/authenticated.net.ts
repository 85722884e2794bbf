import { createHash } from 'node:crypto';
import {
  answerChallenge,
  challengeOf,
  type Challenge,
  type Credentials,
  type DigestAlgorithm,
  type Hash,
} from './digest.js';
import { token } from './sip-client.net.js';
import type { Header, SipAnswer } from './sip-text.js';

/** How a request ended that may have been challenged. */
export type Ended =
  | { end: 'answered'; answer: SipAnswer; challenged: boolean; algorithm?: DigestAlgorithm }
  | { end: 'silent'; challenged: boolean }
  | { end: 'challenge-unknown' }
  | { end: 'realm' }
  | { end: 'no-credentials' };

export interface Authentication {
  method: string;
  uri: string;
  /** Null: none. */
  credentials: Credentials | null;
  /** The one realm to answer; null: any. */
  realm: string | null;
  algorithms: readonly DigestAlgorithm[];
}

const hash: Hash = (algorithm, text) =>
  createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text, 'utf8')
    .digest('hex');

/**
 * Sends a request, and once more with credentials where it is challenged; a third time only where the server says that
 * the nonce alone was too old (RFC 7616 §3.3). `send` sends a new request with that header.
 */
export async function authenticated(send: SendWith, of: Authentication): Promise<Ended> {
  const answer = await send([]);
  if (answer === undefined) return { end: 'silent', challenged: false };
  if (!isChallenge(answer)) return { end: 'answered', answer, challenged: false };
  const ended = await answerTo(answer, send, of);
  const isStale = ended.end === 'answered' && challengeIn(ended.answer)?.stale === true;
  return isStale ? answerTo(ended.answer, send, of) : ended;
}

type SendWith = (authorization: readonly Header[]) => Promise<SipAnswer | undefined>;

const isChallenge = ({ status }: SipAnswer): boolean => status === 401 || status === 407;
const challengeIn = (answer: SipAnswer): Challenge | undefined =>
  isChallenge(answer) ? challengeOf(answer.status, answer.headers) : undefined;

/** The request once more, with the answer to this challenge. */
async function answerTo(challenging: SipAnswer, send: SendWith, of: Authentication): Promise<Ended> {
  const { credentials, realm, algorithms } = of;
  const challenge = challengeIn(challenging);
  if (challenge === undefined || !algorithms.includes(challenge.algorithm)) return { end: 'challenge-unknown' };
  if (credentials === null) return { end: 'no-credentials' };
  if (realm !== null && realm !== challenge.realm) return { end: 'realm' };
  const answer = await send([answerChallenge(challenge, credentials, { ...of, cnonce: token() }, hash)]);
  if (answer === undefined) return { end: 'silent', challenged: true };
  return { end: 'answered', answer, challenged: true, algorithm: challenge.algorithm };
}
