import { useState, type FormEvent } from 'react';
import { Button } from 'react-aria-components';
import { client, dataOf, type Schemas } from '../../api/client.http.js';
import { NumberChoice } from '../../choices/number-choice.js';
import { useSession } from '../../session/session.js';
import { Field } from '../../ui/field.js';
import { Card } from '../../ui/page.js';
import { Failure } from '../../ui/states.js';
import { TestReport } from './test-report.js';
import { WaitForCall } from './wait-for-call.js';

/** Tries a trunk from its bridge, with a short call where a number to call is given, and waits for a call. */
export function TrunkTests({ id }: { id: string }) {
  const { mayManage } = useSession();
  const [number, setNumber] = useState('');
  const [from, setFrom] = useState('');
  const [report, setReport] = useState<Schemas['TrunkTest']>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  if (!mayManage) return null;
  const call = number.trim() === '' ? {} : { number: number.trim(), ...(from === '' ? {} : { from }) };
  // A form: it is not sent while the number is none that exists, or is still being looked for.
  const test = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    setReport(undefined);
    const answer = dataOf(client.POST('/api/v1/sip-trunks/{id}/test', { params: { path: { id } }, body: call }));
    await answer.then(setReport, setError);
    setBusy(false);
  };
  return (
    <Card title="Test">
      <p>A bridge tries DNS, transport, certificate, OPTIONS and the registration, and says what it saw.</p>
      <form className="filters" onSubmit={(event) => void test(event)}>
        <Field
          label="Also call"
          value={number}
          onChange={setNumber}
          placeholder="Nobody"
          inputMode="tel"
          hint="For three seconds. If it is answered, your carrier and the platform may charge for it."
        />
        {number.trim() !== '' && <NumberChoice label="From your number" value={from} onChange={setFrom} onlyActive />}
        <Button type="submit" isDisabled={busy}>
          {busy ? 'Testing…' : 'Test the trunk'}
        </Button>
      </form>
      {error !== undefined && <Failure error={error} />}
      {report && <TestReport report={report} />}
      <h3>Call it yourself</h3>
      <p>No assistant is needed: you hear a tone and an echo.</p>
      <WaitForCall trunkId={id} />
    </Card>
  );
}
