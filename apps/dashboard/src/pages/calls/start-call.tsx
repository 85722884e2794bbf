import { useRef, useState } from 'react';
import { Button } from 'react-aria-components';
import { useLocation } from 'wouter';
import { client, dataOf, refresh } from '../../api/client.http.js';
import { NumberChoice } from '../../choices/number-choice.js';
import { Field } from '../../ui/field.js';
import { Card } from '../../ui/page.js';
import { Failure } from '../../ui/states.js';
import { useAction } from '../../ui/use-action.js';
import { NEW_CALL } from './new-call.js';

/** Calls a number from one of the organisation's own; its assistant speaks. */
export function StartCall() {
  const [, navigate] = useLocation();
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const { error, busy, run } = useAction();
  /** Until the call is accepted: whoever tries again after no answer calls nobody twice. */
  const again = useRef<{ wanted: string; key: string }>(undefined);
  const keyFor = (wanted: string): string => {
    if (again.current?.wanted !== wanted) again.current = { wanted, key: crypto.randomUUID() };
    return again.current.key;
  };
  const call = async () => {
    const body = { from_phone_number: from, to_phone_number: to.trim() };
    const headers = { 'Idempotency-Key': keyFor(JSON.stringify(body)) };
    const { call_sid } = await dataOf(client.POST('/api/v1/calls', { body, headers }));
    again.current = undefined;
    await refresh('/api/v1/calls');
    navigate(`/calls/${call_sid}`, { state: NEW_CALL });
  };
  return (
    <Card title="Start a call">
      <div className="filters">
        <NumberChoice label="From your number" value={from} onChange={setFrom} onlyActive />
        <Field label="To" value={to} onChange={setTo} placeholder="+15550100300" inputMode="tel" />
        <Button className="primary" isDisabled={busy || from === '' || to.trim() === ''} onPress={() => void run(call)}>
          Call
        </Button>
      </div>
      {error !== undefined && <Failure error={error} />}
    </Card>
  );
}
