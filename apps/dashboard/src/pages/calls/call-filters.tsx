import { DayFields } from '../../choices/day-fields.js';
import { NumberChoice } from '../../choices/number-choice.js';
import { TrunkChoice } from '../../choices/trunk-choice.js';
import { Choice, Field } from '../../ui/field.js';

const STATUS = [
  ['', 'All'],
  ['ongoing', 'Ongoing'],
  ['completed', 'Completed'],
  ['failed', 'Failed or refused'],
] as const;
const DIRECTION = [
  ['', 'Both'],
  ['inbound', 'Inbound'],
  ['outbound', 'Outbound'],
] as const;

interface CallFiltersProps {
  view: (name: string) => string;
  onChange: (changes: Readonly<Record<string, string>>) => void;
}

/** Everything is in the URL, so that a view can be shared. Days are those of the organisation's zone. */
export const CallFilters = ({ view, onChange }: CallFiltersProps) => (
  <div className="filters" role="search" aria-label="Calls">
    <Choice label="Status" value={view('status')} onChange={(status) => onChange({ status })} options={STATUS} />
    <Choice
      label="Direction"
      value={view('direction')}
      onChange={(direction) => onChange({ direction })}
      options={DIRECTION}
    />
    <Field label="Other party" value={view('phone')} onChange={(phone) => onChange({ phone })} placeholder="+1555" />
    <NumberChoice label="Your number" value={view('number')} onChange={(number) => onChange({ number })} none="Any" />
    <TrunkChoice label="Trunk" value={view('trunk')} onChange={(trunk) => onChange({ trunk })} none="Any" />
    <DayFields of={{ from: view('from'), to: view('to') }} onChange={onChange} />
  </div>
);
