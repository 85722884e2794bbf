import { count, plural } from '../../format.js';
import { fieldToMend } from '../trunk-edit/trunk-fields.js';
import type { components } from '../../generated/api.js';

type Schemas = components['schemas'];

/** Something that an admin should look at: what it is, and where it is fixed. */
export interface Attention {
  what: string;
  fix: string;
  to: string;
}

export interface Seen {
  trunks: Pick<Schemas['TrunkCounts'], 'faults' | 'live'>;
  /** Undefined while they are not known. */
  numbers:
    readonly Pick<Schemas['PhoneNumber'], 'id' | 'sip_trunk_id' | 'assistant' | 'flow' | 'is_active'>[] | undefined;
  bridges: readonly Pick<Schemas['Bridge'], 'id' | 'alive' | 'status'>[];
  failedCalls: number;
  /** Calls that were refused before routing today. */
  refusedCalls: number;
  /** The organisation's day that they are of, for example `2026-11-30`. */
  today: string;
  /** Enabled trunks without an answered call in `UNTESTED_DAYS`; undefined while that is not known. */
  untested: Schemas['UntestedTrunks'] | undefined;
}

/** A trunk without an answered call for so long counts as untested. */
export const UNTESTED_DAYS = 30;
const NO_CALL = `no answered call in ${UNTESTED_DAYS} days`;
/** So many trunks are named one by one. */
const MAX_NAMED = 3;

/** The most urgent first. */
export function attentionOf(seen: Seen): Attention[] {
  const { trunks, numbers, bridges, failedCalls, refusedCalls, today } = seen;
  const active = (numbers ?? []).filter(({ is_active }) => is_active);
  const withoutTrunk = active.filter(({ sip_trunk_id }) => sip_trunk_id === null);
  const withoutTarget = active.filter(({ assistant, flow }) => assistant === null && flow === null);
  const offline = bridges.filter(({ alive, status }) => alive === false && status === 'active');
  const candidates: (Attention | false)[] = [
    ...trunks.faults.map(faultOf),
    ...offline.map(({ id }) => ({
      what: `Bridge ${id} is offline. Calls to its address are not answered.`,
      fix: 'See the bridges',
      to: '/connection',
    })),
    numbers?.length === 0 && {
      what: 'There is no phone number yet, so no call can reach an assistant.',
      fix: 'Add a number',
      to: '/numbers',
    },
    withoutTrunk.length > 0 && {
      what: `${plural(withoutTrunk.length, 'number')} without a trunk: calls to them are refused.`,
      fix: 'Assign them to a trunk',
      to: toNumbers(withoutTrunk, 'sip_trunk_id', 'without-trunk'),
    },
    withoutTarget.length > 0 && {
      what: `${plural(withoutTarget.length, 'number')} without an assistant or flow: calls to them are refused.`,
      fix: 'Assign an assistant',
      to: toNumbers(withoutTarget, 'assistant_id', 'without-assistant'),
    },
    failedCalls > 0 && {
      what: `${plural(failedCalls, 'call')} failed today.`,
      fix: 'See why',
      to: `/calls?status=failed&from=${today}`,
    },
    refusedCalls > 0 && {
      what: `${plural(refusedCalls, 'call')} ${refusedCalls === 1 ? 'was' : 'were'} refused before routing today.`,
      fix: 'See from where, and why',
      to: `/calls?from=${today}`,
    },
    ...untestedOf(seen),
  ];
  return candidates.filter((each) => each !== false);
}

/** To the field that is wrong, where the cause names one. */
function faultOf({ name, summary, hint, cause, trunk_id }: Seen['trunks']['faults'][number]): Attention {
  const field = fieldToMend(cause);
  const what = `${name}: ${hint ?? summary}`;
  if (field === undefined) return { what, fix: 'Open the trunk and test it', to: `/trunks/${trunk_id}` };
  return { what, fix: 'Change the setting', to: `/trunks/${trunk_id}/edit?field=${field}` };
}

/** To the one number's field, or to the list of several. */
const toNumbers = (numbers: readonly { id: string }[], field: string, show: string): string =>
  numbers.length === 1 ? `/numbers/${numbers[0]!.id}?field=${field}` : `/numbers?show=${show}`;

/** Only an answered call proves that a trunk works: a registration alone does not. */
function untestedOf({ untested = { total: 0, trunks: [] }, trunks }: Seen): Attention[] {
  const faulty = new Set(trunks.faults.map(({ trunk_id }) => trunk_id));
  const quiet = untested.trunks.filter(({ id }) => !faulty.has(id));
  const total = untested.total - (untested.trunks.length - quiet.length);
  if (total <= MAX_NAMED)
    return quiet.map(({ id, name }) => ({
      what: `${name} had ${NO_CALL}, so it is not known whether it works.`,
      fix: 'Test it and place a call',
      to: `/trunks/${id}`,
    }));
  const what = `${plural(total, 'enabled trunk')} had ${NO_CALL}, so it is not known whether they work.`;
  return [{ what, fix: 'Open one and place a test call', to: '/trunks' }];
}

type Counts = Pick<Schemas['TrunkCounts'], 'live' | 'pending' | 'disabled' | 'judged' | 'total'>;

/** What is known where nothing needs attention. Says no more than that. */
export function calmText({ live, pending, disabled, judged, total }: Counts, isKnown: boolean): string {
  if (!isKnown) return 'Not everything is known yet.';
  if (disabled === judged) return 'No trunk is enabled, so no call is taken. Enable one under Trunks.';
  const are = pending === 1 ? 'is' : 'are';
  if (pending > 0) return `${plural(pending, 'trunk')} ${are} still being set up or registered.`;
  const of = judged < total ? ` of the first ${count(judged)}` : '';
  const tested = `each with an answered call in ${UNTESTED_DAYS} days`;
  return `No problem is known: ${plural(live, 'enabled trunk')}${of} live, ${tested}.`;
}
