import { useState } from 'react';
import { Button } from 'react-aria-components';
import { client, dataOf, type Schemas } from '../../api/client.http.js';
import { Choice, Field } from '../../ui/field.js';
import { Failure } from '../../ui/states.js';
import type { CsvHead } from './csv-head.js';
import { useTimeZone } from './month-choice.js';

type Format = Schemas['CarrierFormatInput'];

const COLUMNS = [
  ['from', 'Calling number', true],
  ['to', 'Called number', true],
  ['time', 'Time of the call', true],
  ['time_of_day', 'Time of day, where it is a column of its own', false],
  ['duration', 'Billed length', true],
  ['amount', 'What is billed', false],
  ['currency_column', 'Currency', false],
  ['reference', 'Id of the call', false],
] as const;
const UNITS = [
  ['seconds', 'Seconds'],
  ['minutes', 'Minutes'],
  ['milliseconds', 'Milliseconds'],
  ['clock', '1:02:03'],
] as const;
const TIME_IS = [
  ['start', 'The start of the call'],
  ['answer', 'The answer'],
  ['end', 'The end'],
] as const;
const DECIMAL = [
  ['.', '0.01'],
  [',', '0,01'],
] as const;

const FIRST = {
  ...{ name: '', from: '', to: '', time: '', time_of_day: '', duration: '', amount: '', currency_column: '' },
  ...{ reference: '', time_format: 'standard', time_is: 'start', duration_unit: 'seconds', decimal: '.' },
  ...{ currency: 'USD', country: '', time_zone: '' },
};
type Draft = typeof FIRST;
type Member = keyof Draft;

const orNull = (text: string) => (text === '' ? null : text);

const formatOf = (draft: Draft, zone: string): Format => ({
  columns: {
    from: draft.from,
    to: draft.to,
    time: draft.time,
    time_of_day: orNull(draft.time_of_day),
    duration: draft.duration,
    amount: orNull(draft.amount),
    currency: orNull(draft.currency_column),
    reference: orNull(draft.reference),
  },
  time_format: draft.time_format,
  time_zone: orNull(draft.time_zone) ?? zone,
  time_is: draft.time_is as Format['time_is'],
  duration_unit: draft.duration_unit as Format['duration_unit'],
  decimal: draft.decimal as Format['decimal'],
  currency: draft.currency_column === '' ? orNull(draft.currency) : null,
  default_country: orNull(draft.country),
});

/** How a provider writes its file: kept, so that it is chosen once. */
export function MapColumns({ head, onDone }: { head: CsvHead; onDone: (name: string) => Promise<void> }) {
  const zone = useTimeZone() ?? 'UTC';
  const [draft, setDraft] = useState(FIRST);
  const [error, setError] = useState<unknown>();
  const set = (member: Member) => (value: string) => setDraft({ ...draft, [member]: value });
  const save = async () => {
    setError(undefined);
    const answer = client.PUT('/api/v1/usage/carrier-formats/{name}', {
      params: { path: { name: draft.name } },
      body: formatOf(draft, zone),
    });
    await dataOf(answer).then(() => onDone(draft.name), setError);
  };
  const example = (name: string) => {
    const value = head.example[head.columns.indexOf(name)];
    return value === undefined ? name : `${name} (${value})`;
  };
  const columns = head.columns.map((name) => [name, example(name)] as const);
  const isComplete = COLUMNS.every(([member, , needed]) => !needed || draft[member] !== '') && draft.name !== '';
  return (
    <fieldset>
      <legend>The columns of the file</legend>
      <div className="facts">
        {COLUMNS.map(([member, label, needed]) => (
          <Choice
            key={member}
            label={label}
            value={draft[member]}
            onChange={set(member)}
            options={[['', needed ? 'Choose a column' : 'None'], ...columns]}
          />
        ))}
        <Field
          label="Form of the time"
          value={draft.time_format}
          onChange={set('time_format')}
          hint="standard, unix, unix-ms, or a pattern such as DD.MM.YYYY HH:mm:ss"
        />
        <Field label="Time zone of the times" value={draft.time_zone} onChange={set('time_zone')} placeholder={zone} />
        <Choice label="The time is" value={draft.time_is} onChange={set('time_is')} options={TIME_IS} />
        <Choice
          label="Unit of the length"
          value={draft.duration_unit}
          onChange={set('duration_unit')}
          options={UNITS}
        />
        <Choice label="Amounts are written" value={draft.decimal} onChange={set('decimal')} options={DECIMAL} />
        <Field label="Currency of all amounts" value={draft.currency} onChange={set('currency')} />
        <Field
          label="Country of numbers without a country code"
          value={draft.country}
          onChange={set('country')}
          placeholder="DE"
        />
        <Field
          label="Name of this format"
          value={draft.name}
          onChange={set('name')}
          placeholder="my-carrier"
          hint="Lower-case letters, digits, - and _."
        />
      </div>
      <Button className="primary" isDisabled={!isComplete} onPress={() => void save()}>
        Keep this format
      </Button>
      {error !== undefined && <Failure error={error} />}
    </fieldset>
  );
}
