/**
 * The constants of calls and trunks in words for people, as parts of sentences. Each record has every constant of its
 * union, so that a new one without words does not compile. Only types are imported: a page that shows words loads no
 * schemas.
 */
import type { RegistrationState } from './bridge.js';
import type { CallEndReason } from './call-end.js';
import type { AttemptFailure } from './call-parts.js';
import type { CallRefusal } from './call-refusal.js';
import type { LeftOutTrunk, OutboundExplanation, SpecialNumber } from './outbound.js';
import type { TrunkCheck } from './trunk-test.js';
import type { UsageAlertRule } from './usage-alert.js';
import type { StatementAdjustment } from './usage-statement.js';

/** Why a call was refused. */
export const CALL_REFUSAL_WORDS: Readonly<Record<CallRefusal, string>> = {
  'unknown-source': 'its source address belongs to no enabled trunk',
  'caller-country-not-allowed': 'the number takes no calls from the caller’s country',
  'trunk-disabled': 'the trunk is disabled',
  'organization-suspended': 'the organisation is suspended',
  'unknown-number': 'the number is none of yours',
  'inactive-number': 'the number is not active',
  'ambiguous-number': 'the called number may be several of yours',
  'number-not-assigned': 'the number has no assistant or flow',
  'limit-reached': 'all channels of the trunk were in use',
  'no-common-codec': 'the caller offers no codec that can be answered',
  'srtp-required': 'the trunk requires SRTP, and the caller offers plain RTP',
  'routing-unavailable': 'routing was unavailable',
  'assistant-unavailable': 'the assistant could not be reached in time',
  'call-not-recordable': 'the bridge could not write the record of the call',
  'caller-id-not-allowed': 'the number to show is neither active nor verified',
  'emergency-number': 'emergency numbers are not called',
  'not-a-public-number': 'what was to be called is no public number',
  'special-number': 'expensive numbers of this kind are not allowed',
  'country-not-allowed': 'calls to this country are not allowed',
  'unknown-trunk': 'the trunk does not exist',
  'no-trunk': 'no enabled trunk may carry the call',
  'queue-full': 'too many calls were waiting',
  'calls-per-hour': 'the ceiling of calls in an hour was reached',
  'calls-per-day': 'the ceiling of calls in a day was reached',
  'minutes-per-hour': 'the ceiling of minutes in an hour was reached',
  'minutes-per-day': 'the ceiling of minutes in a day was reached',
  'same-destination': 'the ceiling of calls to one number was reached',
  'no-bridge': 'no bridge could place it',
  canceled: 'canceled before a bridge had it',
  'too-late': 'it was too late to dial it',
  'request-failed': 'its request failed each time it was tried',
  inconclusive: 'the bridge did not report what became of it',
};

/** Why an attempt of an outbound call failed. */
export const ATTEMPT_FAILURE_WORDS: Readonly<Record<AttemptFailure, string>> = {
  busy: 'the called party was busy',
  declined: 'the called party declined',
  'no-answer': 'nobody answered',
  'unknown-number': 'the carrier does not know the number',
  canceled: 'canceled before the answer',
  'carrier-refused': 'the carrier refused it',
  'codec-refused': 'the carrier takes none of the codecs',
  'carrier-failed': 'the carrier failed',
  'no-response': 'the carrier did not respond',
  redirected: 'the carrier sent the call elsewhere, which is not followed',
  'gateway-down': 'the gateway was down',
  'no-gateway': 'the bridge had no such gateway',
  'certificate-refused': 'the carrier’s certificate was refused',
  'limit-reached': 'all channels of the trunk were in use',
  'queue-full': 'too many calls waited for the trunk',
  'queue-timeout': 'it waited too long for the trunk',
  'too-late': 'it was too late to dial it',
  'switch-failed': 'FreeSWITCH could not place it',
};

/** Why a call ended. */
export const CALL_END_WORDS: Readonly<Record<CallEndReason, string>> = {
  'caller-hung-up': 'the caller hung up',
  'assistant-hung-up': 'the assistant hung up',
  'api-hung-up': 'hung up from here or by the API',
  'organization-suspended': 'the organisation was suspended',
  transferred: 'transferred',
  'max-duration-reached': 'it reached the longest duration',
  'caller-gave-up': 'the caller gave up',
  'called-party-hung-up': 'the called party hung up',
  canceled: 'canceled before the answer',
  'called-party-busy': 'the called party was busy',
  'called-party-declined': 'the called party declined',
  'not-answered': 'nobody answered',
  'unknown-destination': 'the carrier does not know the number',
  'carrier-refused': 'the carrier refused it',
  'carrier-failed': 'no carrier could be reached, or it failed',
  'limit-reached': 'no channel of the trunks became free',
  'queue-full': 'too many calls waited for the trunk',
  'queue-timeout': 'it waited too long for the trunk',
  'assistant-unavailable': 'the assistant could not be reached',
  'media-timeout': 'no audio came any more',
  'media-stream-lost': 'the stream to the assistant dropped',
  'media-stream-unstable': 'the stream to the assistant kept dropping',
  'bridge-stopped': 'the bridge was stopped',
  'audio-failed': 'the audio could not begin',
  'audio-lost': 'the audio was lost within the bridge',
  'dropped-by-transfer': 'a transfer that was refused ended it',
  'switch-ended': 'FreeSWITCH ended it',
  unseen: 'the bridge failed, and its end was not seen',
};

/** A gateway's state in FreeSWITCH. */
export const REGISTRATION_STATE_WORDS: Readonly<Record<RegistrationState, string>> = {
  UNREGED: 'not registered',
  TRYING: 'registering',
  REGISTER: 'registering',
  REGED: 'registered',
  UNREGISTER: 'ending its registration',
  FAILED: 'registration failed',
  FAIL_WAIT: 'registration failed, waiting to try again',
  EXPIRED: 'registration ran out',
  NOREG: 'in use without registration',
  DOWN: 'down',
  TIMEOUT: 'no answer in time',
};

/** What the test of a trunk checks. */
export const TRUNK_CHECK_WORDS: Readonly<Record<TrunkCheck['check'], string>> = {
  dns: 'host name',
  transport: 'connection',
  certificate: 'certificate',
  options: 'answer to OPTIONS',
  registration: 'registration',
  call: 'call',
};

type OutboundCheck = OutboundExplanation['checks'][number]['check'];
/** What is checked before an outbound call is placed. */
export const OUTBOUND_CHECK_WORDS: Readonly<Record<OutboundCheck, string>> = {
  organization: 'organisation',
  from: 'calling number',
  target: 'assistant or flow',
  'caller-id': 'number to show',
  destination: 'called number',
  country: 'called country',
  trunks: 'trunks',
};

/** Why an outbound call does not try a trunk. */
export const LEFT_OUT_WORDS: Readonly<Record<LeftOutTrunk['reason'], string>> = {
  disabled: 'it is disabled',
  'country-not-allowed': 'it may not call this country',
  'not-the-numbers-trunk': 'only the trunk of the number may be used',
  'too-many': 'enough other trunks come before it',
};

/** Numbers that cost far more than others of their country. */
export const SPECIAL_NUMBER_WORDS: Readonly<Record<SpecialNumber, string>> = {
  'premium-rate': 'premium rate',
  'shared-cost': 'shared cost',
  satellite: 'satellite phones',
};

/** What a usage alert is about. */
export const USAGE_ALERT_WORDS: Readonly<Record<UsageAlertRule, string>> = {
  'unusual-minutes': 'unusually many minutes',
  'unusual-spend': 'unusually high spending',
  'answer-rate-collapsed': 'far fewer calls answered than usual',
  'call-duration-collapsed': 'calls far shorter than usual',
  'new-high-cost-country': 'first calls to an expensive country',
};

/** Why a statement has entries of an earlier month, and why the ledger was corrected. */
export const ADJUSTMENT_WORDS: Readonly<Record<StatementAdjustment['reason'], string>> = {
  'late-call': 'recorded after its month was closed',
  'known-better': 'a better record of the call came later',
  'rate-plan-changed': 'the rate plan was changed',
};

/** A constant's words; those of another version have none, and are shown without their hyphens. */
export const wordsFor = (words: Readonly<Record<string, string>>, constant: string): string =>
  (Object.hasOwn(words, constant) ? words[constant] : undefined) ?? constant.replaceAll('-', ' ');
