import { useState } from 'react';
import { client, dataOf, refresh } from '../../api/client.http.js';
import { TrunkChoice } from '../../choices/trunk-choice.js';
import { useSession } from '../../session/session.js';
import { Confirm } from '../../ui/confirm.js';

interface AddAddressProps {
  address: string;
  /** Null: the call named no trunk, so one is asked for. */
  trunkId: string | null;
  onAdded?: () => void;
}

/** Calls of the address are accepted as the trunk's as soon as the bridges know. */
export function AddAddress({ address, trunkId, onAdded }: AddAddressProps) {
  const { mayManage } = useSession();
  const [chosen, setChosen] = useState('');
  const [isAdded, setAdded] = useState(false);
  if (!mayManage) return null;
  if (isAdded) return <AddressAdded />;
  const id = trunkId ?? chosen;
  const add = async () => {
    const params = { path: { id } };
    await dataOf(client.POST('/api/v1/sip-trunks/{id}/inbound-addresses', { params, body: { address } }));
    setAdded(true);
    onAdded?.();
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

export const AddressAdded = () => (
  <p role="status">The address was added. Calls from it are accepted as soon as the bridges have the change.</p>
);
