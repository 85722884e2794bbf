import { useState } from 'react';
import { Button } from 'react-aria-components';
import { client, dataOf, refresh, type Schemas } from '../../api/client.http.js';
import { useSession } from '../../session/session.js';
import { Confirm } from '../../ui/confirm.js';
import { Field } from '../../ui/field.js';
import { Failure } from '../../ui/states.js';
import { useAction } from '../../ui/use-action.js';
import { transferText } from './transfer-text.js';

/** A call that goes on: transfer it, or hang it up. */
export function CallActions({ callId }: { callId: string }) {
  const { mayManage } = useSession();
  const [to, setTo] = useState('');
  const { error, busy, run } = useAction();
  const [outcome, setOutcome] = useState<Schemas['TransferResult']>();
  if (!mayManage) return null;
  const params = { path: { call_id: callId } };
  const transfer = async () => {
    setOutcome(undefined);
    const answer = dataOf(client.POST('/api/v1/calls/{call_id}/transfer', { params, body: { to: to.trim() } }));
    await answer.then(setOutcome).finally(() => refresh('/api/v1/calls'));
  };
  const hangUp = async () => {
    await dataOf(client.POST('/api/v1/calls/{call_id}/hangup', { params }));
    await refresh('/api/v1/calls');
  };
  return (
    <>
      <Field label="Transfer to" value={to} onChange={setTo} placeholder="+15550100300 or sip:…" />
      <Button isDisabled={busy || to.trim() === ''} onPress={() => void run(transfer)}>
        Transfer
      </Button>
      <Confirm action="Hang up" onConfirm={hangUp}>
        <p>The call ends for both sides.</p>
      </Confirm>
      {outcome !== undefined && <p role="status">{transferText(outcome)}</p>}
      {error !== undefined && <Failure error={error} />}
    </>
  );
}
