import { useState } from 'react';
import { Button } from 'react-aria-components';
import { client, dataOf } from '../../api/client.http.js';
import { problemOf } from '../../api/problem.js';
import { TrunkChoice } from '../../choices/trunk-choice.js';
import { numberOf } from '../../form/values.js';
import { Field } from '../../ui/field.js';
import { Card } from '../../ui/page.js';
import { Failure } from '../../ui/states.js';
import { useAction } from '../../ui/use-action.js';

/** One number, with its trunk and who answers. */
export function AddNumber({ onDone }: { onDone: () => Promise<void> }) {
  const [number, setNumber] = useState('');
  const [trunk, setTrunk] = useState('');
  const [assistant, setAssistant] = useState('');
  const { error, busy, run } = useAction();
  const add = async () => {
    const body = {
      phone_number: number.trim(),
      sip_trunk_id: trunk === '' ? null : trunk,
      assistant_id: assistant.trim() === '' ? null : numberOf(assistant),
    };
    await dataOf(client.POST('/api/v1/phone-numbers', { body }));
    setNumber('');
    await onDone();
  };
  return (
    <Card title="Add a number">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run(add);
        }}
      >
        <Field
          label="Phone number"
          value={number}
          onChange={setNumber}
          placeholder="+15550100200"
          hint="With + and the country code."
          problem={error === undefined ? undefined : problemFor(error, '/phone_number')}
        />
        <TrunkChoice label="Calls come over" value={trunk} onChange={setTrunk} />
        <Field
          label="Assistant"
          value={assistant}
          onChange={setAssistant}
          inputMode="numeric"
          hint="The id of the assistant that answers, from your platform."
        />
        <Button type="submit" className="primary" isDisabled={busy || number.trim() === ''}>
          Add the number
        </Button>
        {error !== undefined && <Failure error={error} />}
      </form>
    </Card>
  );
}

const problemFor = (error: unknown, pointer: string) =>
  problemOf(error).errors.find((each) => each.pointer === pointer)?.detail;
