import type { ReactNode } from 'react';
import { useOrganization } from '../../session/use-organization.js';
import { Choice } from '../../ui/field.js';
import { Found } from '../../ui/states.js';
import { monthOf, monthsUpTo, monthText } from './month.js';

const SHOWN = 36;

/** The organisation's time zone; undefined until it is known. */
export const useTimeZone = (): string | undefined => useOrganization().data?.time_zone;

/** What needs the organisation's time zone, or why that cannot be read. */
export const InTimeZone = ({ children }: { children: (zone: string) => ReactNode }) => (
  <Found of={useOrganization()}>{({ time_zone }) => children(time_zone)}</Found>
);

interface MonthChoiceProps {
  /** Empty: this month. */
  value: string;
  zone: string;
  onChange: (month: string) => void;
}

/** Months of the organisation's time zone. This month has no name of its own in the URL. */
export function MonthChoice({ value, zone, onChange }: MonthChoiceProps) {
  const present = monthOf(Date.now(), zone);
  const options = monthsUpTo(present, SHOWN).map(
    (month) => [month === present ? '' : month, monthText(month)] as const,
  );
  return <Choice label="Month" value={value === present ? '' : value} onChange={onChange} options={options} />;
}
