import { failed, open, passed, sipStatus, type Finding } from './checks.js';

/** How a registration ended. */
export type RegistrationEnd =
  | { end: 'answered'; status: number; challenged: boolean; algorithm?: 'MD5' | 'SHA-256' }
  | { end: 'silent'; challenged: boolean }
  | { end: 'challenge-unknown' }
  | { end: 'realm' }
  | { end: 'no-credentials' };

export interface RegistrationContext {
  user: string;
  domain: string;
  /** The address that the carrier must allow. */
  bridgeAddress: string;
  /** The trunk's own realm; null: any. */
  realm: string | null;
  onlyAsked: boolean;
}

const MD5 = 'Ask the carrier to offer MD5 for this user: FreeSWITCH answers no other.';

/** Tells wrong credentials, an unknown user and a carrier that does not let the bridge in apart. */
export function registrationFinding(end: RegistrationEnd, context: RegistrationContext): Finding {
  const { user, bridgeAddress } = context;
  switch (end.end) {
    case 'silent':
      return failed(
        'no-answer',
        end.challenged
          ? 'REGISTER was challenged, and the answer to the challenge was not answered.'
          : 'REGISTER was not answered.',
        `Check the address and the port, and ask the carrier to allow ${bridgeAddress}.`,
      );
    case 'challenge-unknown':
      return failed(
        'digest-not-supported',
        'REGISTER was challenged, but not with a digest of MD5 or SHA-256 that can be answered.',
        MD5,
      );
    case 'realm':
      return failed(
        'wrong-realm',
        `The carrier's realm is not "${context.realm}", so the password was not used.`,
        'Clear "realm" of the trunk, or set it to the realm that the carrier documents.',
      );
    case 'no-credentials':
      return failed(
        'credentials-missing',
        'The carrier asks for a user name and a password, and the trunk has none.',
        'Set "username" and "password".',
      );
    case 'answered':
      return user === '' ? byStatus(end, { ...context, user: 'none' }) : byStatus(end, context);
  }
}

function byStatus(
  { status, challenged, algorithm }: Extract<RegistrationEnd, { end: 'answered' }>,
  { user, domain, bridgeAddress, onlyAsked }: RegistrationContext,
): Finding {
  const said = `REGISTER for "${user}" at ${domain} was answered with ${sipStatus(status)}`;
  if (status >= 200 && status < 300) return accepted({ algorithm, onlyAsked, said });
  const known = OF_STATUS[status] ?? OF_CLASS[Math.floor(status / 100)];
  return known === undefined
    ? failed('refused', `${said}.`, 'Ask the carrier what this status means for this user.')
    : known({ said, user, domain, bridgeAddress, challenged });
}

interface Refusal {
  said: string;
  user: string;
  domain: string;
  bridgeAddress: string;
  challenged: boolean;
}

const wrongCredentials = ({ said }: Refusal): Finding =>
  failed(
    'wrong-credentials',
    `${said} again after the password was used.`,
    'The user name or the password is wrong. Enter both again as the carrier shows them; some carriers have a ' +
      'separate user for authentication ("auth_username").',
  );

function forbidden({ said, bridgeAddress, challenged }: Refusal): Finding {
  return challenged
    ? failed(
        'wrong-credentials',
        `${said} after the password was used.`,
        'The user name or the password is wrong, or the carrier has blocked the account. Otherwise ask it to allow ' +
          `${bridgeAddress}.`,
      )
    : failed(
        'forbidden',
        `${said} before a password was asked for.`,
        `The carrier does not let the bridge register. Ask it to allow ${bridgeAddress}, and check "username".`,
      );
}

const unknownUser = ({ said, user, domain }: Refusal): Finding =>
  failed(
    'unknown-user',
    `${said}.`,
    `The carrier does not know the user "${user}" at ${domain}. Check "username" and "from_domain".`,
  );

const noRegistrar = ({ said }: Refusal): Finding =>
  failed(
    'register-not-taken',
    `${said}.`,
    'The carrier takes no registrations. Set "register" to false: it is then trusted by its address.',
  );

const carrierFailure = ({ said }: Refusal): Finding =>
  open(
    'carrier-failure',
    `${said}.`,
    'The carrier has a failure of its own. Test again in some minutes; if this persists, ask the carrier.',
  );

const redirected = ({ said }: Refusal): Finding =>
  open('redirected', `${said}.`, 'Set "gateway" to the server that the carrier documents for registrations.');

type Table = Readonly<Record<number, ((refusal: Refusal) => Finding) | undefined>>;
const OF_STATUS: Table = {
  401: wrongCredentials,
  407: wrongCredentials,
  403: forbidden,
  404: unknownUser,
  405: noRegistrar,
  501: noRegistrar,
  408: carrierFailure,
};
/** By the first digit, for those that have no row of their own. */
const OF_CLASS: Table = { 3: redirected, 5: carrierFailure };

function accepted({
  algorithm,
  onlyAsked,
  said,
}: {
  algorithm: 'MD5' | 'SHA-256' | undefined;
  onlyAsked: boolean;
  said: string;
}): Finding {
  if (algorithm === 'SHA-256')
    return failed(
      'digest-not-supported',
      `${said}: user name and password are right. But the carrier offers SHA-256 alone, and FreeSWITCH answers MD5 ` +
        'only.',
      MD5,
    );
  return passed(
    onlyAsked
      ? `${said}: the credentials are right. The present registration was left as it is.`
      : `${said}: the credentials are right. The registration of this test was removed again.`,
  );
}
