import type { components } from '../../generated/api.js';
import { words } from '../../format.js';

type Schemas = components['schemas'];

export const PAGE_SIZE = 100;

const ENDS: Readonly<Record<NonNullable<Schemas['Call']['end_reason']>, string>> = {
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

/** How the call ended, in a few words. */
export function outcomeText(call: Pick<Schemas['Call'], 'refusal' | 'end_reason' | 'status' | 'sip_status'>): string {
  if (call.refusal === 'inconclusive') return 'not known: the bridge did not report what became of it';
  if (call.refusal !== null) return `refused: ${words(call.refusal)}`;
  if (call.end_reason !== null) return ENDS[call.end_reason];
  if (call.status === 'ongoing') return 'goes on';
  return call.sip_status === null ? 'ended' : `SIP ${call.sip_status}`;
}

/** Its state, and that it is the call of a trunk's test. */
export const callStates = ({ queue, status, trunk_test }: Pick<Schemas['Call'], 'queue' | 'status' | 'trunk_test'>) => [
  queue ? 'queued' : status,
  ...(trunk_test === true ? ['trunk test'] : []),
];

/** In place of a trunk. */
export const NOT_SAVED = 'settings that were not saved';

type Step = Schemas['ExplanationStep'];

const VERDICTS: Readonly<Record<Step['verdict'], string>> = {
  decided: 'This decided the call.',
  absent: 'The INVITE does not have it.',
  unparsable: 'It holds nothing that can be read as a number.',
  'not-a-public-number': 'It is no full public number, for example an extension.',
  'nobodys-number': 'It is a full number, but none of yours.',
  'other-organizations-number': 'It is not a number of this trunk’s organisation.',
  ambiguous: 'It could mean several numbers.',
  'not-asked': 'Not needed: an earlier source decided.',
};

const SOURCES: Readonly<Record<Step['source'], string>> = {
  Diversion: 'Diversion',
  'History-Info': 'History-Info',
  'X-Original-Called': 'X-Original-Called',
  'X-Original-Number': 'X-Original-Number',
  'X-Forwarded-To': 'X-Forwarded-To',
  'X-Original-To': 'X-Original-To',
  'P-Called-Party-ID': 'P-Called-Party-ID',
  'Request-URI': 'Request-URI',
  To: 'To',
  sole_number: 'the trunk’s only number',
};

/** Where a called number is read from. */
export const sourceText = (source: Step['source']): string => SOURCES[source];

/** What a source of the called number said, and what that meant. */
export const verdictText = ({ verdict }: Pick<Step, 'verdict'>): string => VERDICTS[verdict];
