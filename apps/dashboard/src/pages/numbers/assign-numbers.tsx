import { useState, type FormEvent } from 'react';
import { Button } from 'react-aria-components';
import { client, dataOf } from '../../api/client.http.js';
import { TrunkChoice } from '../../choices/trunk-choice.js';
import { numberOf } from '../../form/values.js';
import { count } from '../../format.js';
import { Field } from '../../ui/field.js';
import { Card } from '../../ui/page.js';
import { Failure } from '../../ui/states.js';

interface AssignNumbersProps {
  ids: readonly string[];
  onDone: () => Promise<void>;
}

/** The numbers that are selected get a trunk, an assistant, or both. What was done before a failure stays done. */
export function AssignNumbers({ ids, onDone }: AssignNumbersProps) {
  const [trunk, setTrunk] = useState('');
  const [assistant, setAssistant] = useState('');
  const [error, setError] = useState<unknown>();
  const [done, setDone] = useState<number>();
  const body = {
    ...(trunk === '' ? {} : { sip_trunk_id: trunk }),
    ...(assistant.trim() === '' ? {} : { assistant_id: numberOf(assistant) }),
  };
  // A form: it is not sent while the trunk is none that exists, or is still being looked for.
  const assign = async (event: FormEvent) => {
    event.preventDefault();
    setError(undefined);
    try {
      for (const [index, id] of ids.entries()) {
        setDone(index);
        await dataOf(client.PATCH('/api/v1/phone-numbers/{id}', { params: { path: { id } }, body }));
      }
      await onDone();
    } catch (problem) {
      setError(problem);
    }
    setDone(undefined);
  };
  return (
    <Card title={`Assign ${count(ids.length)} selected`}>
      <form className="filters" onSubmit={(event) => void assign(event)}>
        <TrunkChoice label="To the trunk" value={trunk} onChange={setTrunk} none="No change" />
        <Field
          label="To the assistant"
          value={assistant}
          onChange={setAssistant}
          inputMode="numeric"
          placeholder="17"
        />
        <Button type="submit" className="primary" isDisabled={done !== undefined || Object.keys(body).length === 0}>
          Assign
        </Button>
      </form>
      {done !== undefined && (
        <p role="status">
          {count(done)} of {count(ids.length)} done
        </p>
      )}
      {error !== undefined && <Failure error={error} />}
    </Card>
  );
}
