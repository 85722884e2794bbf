import type { NumberState } from '@trunkmesh/contracts/number.js';
import type { OrganizationState } from '@trunkmesh/contracts/organization.js';
import type { TrunkState } from '@trunkmesh/contracts/trunk.js';
import type { OrganizationChange } from '../organization/organization.js';
import type { Loaded } from '../event-store/decided.js';
import type { NumberPlan, NumberStep } from './sync-numbers.js';
import type { TrunkPlan, TrunkStep } from './sync-trunks.js';

/** The organisation's own settings: no step, where the request says nothing of them. */
export interface SettingsStep {
  before: Loaded<OrganizationState>;
  events: OrganizationChange[];
}
export interface Changes {
  trunks: TrunkPlan;
  numbers: NumberPlan;
  settings: SettingsStep[];
}

/** Named up to so many; all are counted. */
const NAMED = 1_000;

/** What a sync changed: counts, and names of what was touched. */
export function changeReport({ trunks, numbers, settings }: Changes) {
  const trunk = ({ before, events }: TrunkStep) => {
    const { id, name } = (lastState(events) ?? before.state) as TrunkState;
    return { id, name };
  };
  const number = ({ before, events }: NumberStep) => {
    const { id, phone_number } = (lastState(events) ?? before.state) as NumberState;
    return { id, phone_number };
  };
  const changedSettings = settings.flatMap(({ events }) => events).flatMap(settingsOf);
  const changed =
    changedSettings.length > 0 ||
    [trunks.created, trunks.updated, trunks.deleted, numbers.created, numbers.updated, numbers.deleted].some(
      (steps) => steps.length > 0,
    );
  return {
    changed,
    changes: {
      trunks: { ...kinds(trunks, trunk), unchanged: trunks.unchanged.length },
      numbers: { ...kinds(numbers, number), unchanged: numbers.unchanged },
      settings: changedSettings,
    },
  };
}

/** Names of call settings, never their values. */
const settingsOf = ({ type, change }: OrganizationChange) =>
  type === 'OrganizationUpdated' ? (change.call_settings_changed ?? []) : [];

const lastState = (events: readonly { state: unknown }[]) => events[events.length - 1]?.state;

function kinds<Step, Shown>(
  plan: Record<'created' | 'updated' | 'deleted', readonly Step[]>,
  show: (step: Step) => Shown,
) {
  const kind = (steps: readonly Step[]) => ({ count: steps.length, items: steps.slice(0, NAMED).map(show) });
  return { created: kind(plan.created), updated: kind(plan.updated), deleted: kind(plan.deleted) };
}
