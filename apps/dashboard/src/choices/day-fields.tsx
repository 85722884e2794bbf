import type { Days } from '../days.js';
import { useOrganization } from '../session/use-organization.js';
import { Field } from '../ui/field.js';

interface DayFieldsProps {
  of: Days;
  /** One of the two, by its name. */
  onChange: (changes: Readonly<Record<string, string>>) => void;
}

/** From one day to another, as the organisation's clock has them: the labels name its zone. */
export function DayFields({ of: { from, to }, onChange }: DayFieldsProps) {
  const zone = useOrganization().data?.time_zone;
  const inZone = zone === undefined ? '' : ` (${zone})`;
  return (
    <>
      <Field label={`From${inZone}`} type="date" value={from} onChange={(day) => onChange({ from: day })} />
      <Field label={`Until${inZone}`} type="date" value={to} onChange={(day) => onChange({ to: day })} />
    </>
  );
}
