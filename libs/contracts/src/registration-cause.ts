/** The likely causes of a registration or gateway that fails, in words for people. */
export const REGISTRATION_CAUSES = {
  'wrong-credentials': 'wrong user name or password',
  'digest-not-supported': 'a digest that FreeSWITCH does not support',
  'challenge-not-answered': 'credentials that do not fit what the carrier asks for',
  'host-not-resolved': 'a host name that does not resolve',
  'tls-failed': 'no TLS connection to the carrier',
  'nothing-answers': 'nothing answers at the gateway’s address',
  timeout: 'the carrier does not answer in time',
  forbidden: 'the carrier forbids this account or address',
  'unknown-user': 'the carrier does not know the user',
  'register-not-taken': 'the carrier takes no registrations',
  'interval-too-brief': 'the carrier wants a longer registration',
  'transport-not-taken': 'the carrier does not take this transport',
  unavailable: 'the carrier has switched the account off for now',
  moved: 'the carrier sends registrations to another host',
  'request-refused': 'the carrier refused the registration',
  'carrier-fault': 'a fault at the carrier',
  declined: 'the carrier declined the registration',
  'ping-down': 'OPTIONS pings are not answered',
  failed: 'the registration failed',
  expired: 'the registration ran out',
} as const satisfies Record<string, string>;
export type RegistrationCause = keyof typeof REGISTRATION_CAUSES;
