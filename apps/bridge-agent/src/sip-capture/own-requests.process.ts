import { randomBytes } from 'node:crypto';
import type { SipHead } from './sip-head.js';

const OURS = randomBytes(8).toString('hex');

/** For the Via of a request that the agent itself sends to FreeSWITCH; nobody else can know the beginning. */
export const ownBranch = (): string => `${OURS}${randomBytes(4).toString('hex')}`;

/** The agent's own request or FreeSWITCH's response to it: the carrier's ladder has nothing of it. */
export const isOwnRequest = ({ headers }: Pick<SipHead, 'headers'>): boolean =>
  headers.find(([name]) => name === 'via')?.[1].includes(`;branch=z9hG4bK${OURS}`) ?? false;
