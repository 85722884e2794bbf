import { plural } from '../../format.js';
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
  numbers: readonly Pick<Schemas['PhoneNumber'], 'sip_trunk_id' | 'assistant' | 'flow' | 'is_active'>[] | undefined;
  bridges: readonly Pick<Schemas['Bridge'], 'id' | 'alive' | 'status'>[];
  failedCalls: number;
}

/** The most urgent first. */
export function attentionOf({ trunks, numbers, bridges, failedCalls }: Seen): Attention[] {
  const active = (numbers ?? []).filter(({ is_active }) => is_active);
  const withoutTrunk = active.filter(({ sip_trunk_id }) => sip_trunk_id === null).length;
  const withoutTarget = active.filter(({ assistant, flow }) => assistant === null && flow === null).length;
  const offline = bridges.filter(({ alive, status }) => alive === false && status === 'active');
  const candidates: (Attention | false)[] = [
    ...trunks.faults.map(({ name, summary, hint, trunk_id }) => ({
      what: `${name}: ${hint ?? summary}`,
      fix: 'Open the trunk and test it',
      to: `/trunks/${trunk_id}`,
    })),
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
    withoutTrunk > 0 && {
      what: `${plural(withoutTrunk, 'number')} without a trunk: calls to them are refused.`,
      fix: 'Assign them to a trunk',
      to: '/numbers?show=without-trunk',
    },
    withoutTarget > 0 && {
      what: `${plural(withoutTarget, 'number')} without an assistant or flow: calls to them are refused.`,
      fix: 'Assign an assistant',
      to: '/numbers?show=without-assistant',
    },
    failedCalls > 0 && {
      what: `${plural(failedCalls, 'call')} failed today.`,
      fix: 'See why',
      to: '/calls?status=failed',
    },
  ];
  return candidates.filter((each) => each !== false);
}
