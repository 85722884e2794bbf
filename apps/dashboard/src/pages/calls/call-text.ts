import type { components } from '../../generated/api.js';
import { words } from '../../format.js';

type Schemas = components['schemas'];

export const PAGE_SIZE = 100;

/** How the call ended, in a few words. */
export function outcomeText(call: Pick<Schemas['Call'], 'refusal' | 'end_reason' | 'status' | 'sip_status'>): string {
  if (call.refusal !== null) return `refused: ${words(call.refusal)}`;
  if (call.end_reason !== null) return words(call.end_reason);
  if (call.status === 'ongoing') return 'goes on';
  return call.sip_status === null ? 'ended' : `SIP ${call.sip_status}`;
}

/** Its state, and that it is the call of a trunk's test. */
export const callStates = ({ queue, status, trunk_test }: Pick<Schemas['Call'], 'queue' | 'status' | 'trunk_test'>) => [
  queue ? 'queued' : status,
  ...(trunk_test === true ? ['trunk test'] : []),
];

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

/** What a source of the called number said, and what that meant. */
export const verdictText = ({ verdict }: Pick<Step, 'verdict'>): string => VERDICTS[verdict];
