import { Choice } from '../../ui/field.js';
import type { Draft } from './setting-changes.js';
import type { SettingsForm } from './use-settings.js';

interface SettingChoiceProps {
  form: SettingsForm;
  of: Exclude<keyof Draft, 'special'>;
  label: string;
  options: readonly (readonly [string, string])[];
}

/** One setting of an organisation that is chosen from a list. */
export const SettingChoice = ({ form: { draft, set }, of, label, options }: SettingChoiceProps) => (
  <Choice label={label} value={draft[of]} onChange={set(of)} options={options} />
);
