import { failed, open, passed, sipStatus, type Finding } from './checks.js';

/** How a test call ended. `progress`: the last provisional status; null: none but 100. */
export type CallEnd =
  | { end: 'answered'; hungUpBy: 'test' | 'far-side' }
  /** Answered without audio that both sides have; hung up at once. */
  | { end: 'no-audio' }
  | { end: 'ringing'; progress: number }
  | { end: 'refused'; status: number; challenged: boolean }
  | { end: 'silent'; progress: 100 | null; challenged: boolean }
  | { end: 'challenge-unknown' }
  | { end: 'realm' }
  | { end: 'no-credentials' };

export interface CallContext {
  /** As it was dialled. */
  dialled: string;
  from: string;
  codecs: readonly string[];
  srtp: 'off' | 'optional' | 'required';
  bridgeAddress: string;
}

/** Of what the called party said, or what is known of it: the trunk itself works. */
const OF_CALLED_PARTY: readonly number[] = [480, 486, 487, 600, 603];
const OF_CODEC: readonly number[] = [415, 488, 606];
const OF_NUMBER: readonly number[] = [404, 410, 414, 416, 484, 485, 604];

export function callFinding(end: CallEnd, context: CallContext): Finding {
  const { dialled, bridgeAddress } = context;
  switch (end.end) {
    case 'answered':
      return passed(
        end.hungUpBy === 'test'
          ? `${dialled} answered. The test hung up after three seconds.`
          : `${dialled} answered, and the far side hung up.`,
      );
    case 'no-audio':
      return ofCodec(`${dialled} answered, and its answer has no audio that fits`, context.codecs, context.srtp);
    case 'ringing':
      return passed(`${dialled} rang (SIP status ${end.progress}). The test cancelled the call.`);
    case 'silent':
      return silent(end, context);
    case 'challenge-unknown':
      return failed(
        'digest-not-supported',
        'The call was challenged, but not with a digest of MD5 that FreeSWITCH can answer.',
        'Ask the carrier to offer MD5 for calls of this trunk.',
      );
    case 'realm':
      return failed(
        'wrong-realm',
        "The carrier's realm is not that of the trunk, so the password was not used.",
        'Clear "realm" of the trunk, or set it to the realm that the carrier documents.',
      );
    case 'no-credentials':
      return failed(
        'credentials-missing',
        'The carrier asks for a user name and a password for calls, and the trunk has none.',
        `Set "username" and "password", or ask the carrier to trust calls from ${bridgeAddress}.`,
      );
    case 'refused':
      return byStatus(end, context);
  }
}

function silent(
  { progress, challenged }: Extract<CallEnd, { end: 'silent' }>,
  { dialled, bridgeAddress }: CallContext,
) {
  if (progress === 100)
    return open(
      'no-answer',
      `The carrier took the call for ${dialled} (SIP status 100), and said nothing more within some seconds. The ` +
        'test cancelled the call.',
      'Test again with a number that rings at once, for example your own mobile phone.',
    );
  return failed(
    'no-answer',
    challenged ? 'The call was challenged, and then not answered.' : 'INVITE was not answered.',
    `Check the address and the port, and ask the carrier to allow calls from ${bridgeAddress}.`,
  );
}

function byStatus(
  { status, challenged }: Extract<CallEnd, { end: 'refused' }>,
  { dialled, from, codecs, srtp, bridgeAddress }: CallContext,
): Finding {
  const said = `The call to ${dialled} was refused with ${sipStatus(status)}`;
  if (OF_CALLED_PARTY.includes(status))
    return status === 480
      ? open('called-party', `${said}.`, 'The called party may not be reachable. Test with another number.')
      : passed(`${said}: the carrier put the call through, and the called party did not take it.`);
  if (OF_CODEC.includes(status)) return ofCodec(said, codecs, srtp);
  if (OF_NUMBER.includes(status))
    return failed(
      'wrong-number',
      `${said}.`,
      `The carrier does not know the number as "${dialled}". Check the number, and with "number_rules" how the ` +
        'carrier wants it written (with or without plus, national, with a prefix).',
    );
  if (status === 401 || status === 407)
    return failed(
      'wrong-credentials',
      `${said} again after the password was used.`,
      'The user name or the password for calls is wrong. Some carriers have a separate user for authentication ' +
        '("auth_username").',
    );
  if (status === 402 || status === 403)
    return failed(
      'caller-id-or-account',
      `${said}${challenged ? ' after the password was used' : ''}.`,
      `The carrier does not allow this call: the caller ID ${from} may not be one of the account, the account may ` +
        `have no credit or not be allowed to call there, or calls from ${bridgeAddress} are not allowed.`,
    );
  return others(status, said);
}

function ofCodec(said: string, codecs: readonly string[], srtp: CallContext['srtp']): Finding {
  return srtp === 'required'
    ? failed(
        'srtp-not-agreed',
        `${said}: the offered audio (SRTP, ${codecs.join(', ')}) was not accepted.`,
        'Set "srtp" to "off" or "optional" unless the carrier supports SDES-SRTP; check "codecs" too.',
      )
    : failed(
        'wrong-codec',
        `${said}: none of the offered codecs (${codecs.join(', ')}) was accepted.`,
        'Set "codecs" to one that the carrier takes: PCMA in most of the world, PCMU in North America and Japan. A ' +
          'carrier that requires SRTP needs "srtp".',
      );
}

function others(status: number, said: string): Finding {
  if (status >= 300 && status < 400)
    return open(
      'redirected',
      `${said}. Redirections are not followed.`,
      'Set "gateway" to the server that the carrier documents for calls.',
    );
  if (status >= 500 || status === 408)
    return open(
      'carrier-failure',
      `${said}.`,
      'The carrier has a failure of its own, or no way to that number. Test again, and with another number.',
    );
  return failed('refused', `${said}.`, 'Ask the carrier what this status means for calls of this trunk.');
}
