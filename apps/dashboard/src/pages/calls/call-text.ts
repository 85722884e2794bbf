import { CALL_END_WORDS, CALL_REFUSAL_WORDS, wordsFor } from '@trunkmesh/contracts/words.js';
import { TIMELINE_STEPS } from '@trunkmesh/contracts/timeline-step.js';
import type { components } from '../../generated/api.js';

type Schemas = components['schemas'];

/** How the call ended, in a few words. */
export function outcomeText(call: Pick<Schemas['Call'], 'refusal' | 'end_reason' | 'status' | 'sip_status'>): string {
  if (call.refusal === 'inconclusive') return `not known: ${CALL_REFUSAL_WORDS.inconclusive}`;
  if (call.refusal !== null) return `refused: ${wordsFor(CALL_REFUSAL_WORDS, call.refusal)}`;
  if (call.end_reason !== null) return wordsFor(CALL_END_WORDS, call.end_reason);
  if (call.status === 'ongoing') return 'goes on';
  return call.sip_status === null ? 'ended' : `SIP ${call.sip_status}`;
}

/** The constant that the API has for the outcome. */
export const outcomeCode = ({ refusal, end_reason }: Pick<Schemas['Call'], 'refusal' | 'end_reason'>): string | null =>
  refusal ?? end_reason;

const DETAILS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'call-rejected': CALL_REFUSAL_WORDS,
  'call-ended': CALL_END_WORDS,
  'hang-up-requested': CALL_END_WORDS,
  'assistant-gone': CALL_END_WORDS,
};

/** A step of the timeline in words; its detail too, where that is a constant. */
export function stepText({ what, detail }: Pick<Schemas['TimelineEntry'], 'what' | 'detail'>): string {
  const words = Object.hasOwn(DETAILS, what) ? DETAILS[what] : undefined;
  const more = detail === null || words === undefined ? detail : wordsFor(words, detail);
  return `${wordsFor(TIMELINE_STEPS, what)}${more === null ? '' : `: ${more}`}`;
}

/** The constants that a step of the timeline has in the API. */
export const stepCode = ({ what, detail }: Pick<Schemas['TimelineEntry'], 'what' | 'detail'>): string =>
  Object.hasOwn(DETAILS, what) && detail !== null ? `${what}: ${detail}` : what;

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
