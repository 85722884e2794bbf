import { withoutCredentials } from '@trunkmesh/contracts/credential.js';
import { MAX_INVITE_TEXT, type RefusedInvite } from '@trunkmesh/contracts/refused-call.js';
import { CALLED_NUMBER_SOURCES, type InboundRequest } from '@trunkmesh/contracts/routing.js';
import { rawSources } from '@trunkmesh/routing/called-number.js';
import { offeredNames } from '../live/sdp-offer.js';
import { userOf, type SipHead } from '../sip-capture/sip-head.js';

export type Named = Pick<InboundRequest, 'headers' | 'request_uri_user' | 'to_user'>;
/** A message as `maskSip` gives it. */
export interface ShownText {
  text: string;
  truncated: boolean;
}
interface Parts {
  named: Named;
  /** As it was sent; empty: none. */
  sdp: string;
  shown: ShownText | undefined;
  at: Date;
}

const MAX_VALUE = 512;
const MAX_USERS = 6;

export const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '').slice(0, 64);

/** What is kept of an INVITE: nothing of it could be used by whoever reads it. */
export function seenInvite(head: SipHead, { named, sdp, shown, at }: Parts): RefusedInvite {
  const header = (name: string) => head.headers.find(([given]) => given === name)?.[1] ?? '';
  return {
    at: at.toISOString(),
    request_uri: line(head.requestUri),
    to: line(header('to')),
    from: line(header('from')),
    sources: rawSources(named).flatMap((lines, index) =>
      lines === undefined ? [] : [{ source: CALLED_NUMBER_SOURCES[index]!, value: line(lines.join(', ')) }],
    ),
    offer: offeredNames(sdp),
    text: shown?.text.slice(0, MAX_INVITE_TEXT) ?? null,
    truncated: shown !== undefined && (shown.truncated || shown.text.length > MAX_INVITE_TEXT),
  };
}

const line = (text: string): string => withoutCredentials(text.replace(/[^\x20-\x7e]/g, '')).slice(0, MAX_VALUE);

/**
 * User names by which a trunk may be known, in lower case. Full numbers are left out: they have owners, and are looked
 * up as numbers.
 */
export function claimedUsers({ requestUser, headers }: SipHead): string[] {
  const users = headers.flatMap(([name, value]) => {
    if (name === 'from' || name === 'contact') return [userOf(value)];
    if (name !== 'authorization' && name !== 'proxy-authorization') return [];
    return [/\busername="?([^",\s]{1,64})/i.exec(value)?.[1] ?? ''];
  });
  const wanted = [requestUser, ...users].map((user) => printable(user).toLowerCase());
  return [...new Set(wanted)].filter((user) => user !== '' && !/^\+?\d{7,}$/.test(user)).slice(0, MAX_USERS);
}
