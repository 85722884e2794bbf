import { useState } from 'react';
import { client, dataOf, refresh } from '../../api/client.http.js';
import { TrunkChoice } from '../../choices/trunk-choice.js';
import { useSession } from '../../session/session.js';
import { Confirm } from '../../ui/confirm.js';

interface AddAddressProps {
  address: string;
  /** Null: the call named no trunk, so one is asked for. */
  trunkId: string | null;
}

/** Calls of the address are accepted as the trunk's as soon as the bridges know. */
export function AddAddress({ address, trunkId }: AddAddressProps) {
  const { mayManage } = useSession();
  const [chosen, setChosen] = useState('');
  if (!mayManage) return null;
  const id = trunkId ?? chosen;
  const add = async () => {
    const params = { path: { id } };
    await dataOf(client.POST('/api/v1/sip-trunks/{id}/inbound-addresses', { params, body: { address } }));
    await refresh('/api/v1/sip-trunks');
  };
  return (
    <Confirm action={`Add the address ${address}`} cancel="Cancel" isDisabled={id === ''} onConfirm={add}>
      <p>
        <b>Only if this is your PBX&rsquo;s address.</b> From then on every call from {address} is taken for a call of
        this trunk. Anybody may have tried this call: look at its INVITE, and ask who runs the PBX.
      </p>
      {trunkId === null && <TrunkChoice label="Add it to the trunk" value={chosen} onChange={setChosen} />}
    </Confirm>
  );
}
