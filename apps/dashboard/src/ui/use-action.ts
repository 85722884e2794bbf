import { useRef, useState } from 'react';

/** One request at a time: a second press while the first one is on its way sends nothing. */
export function useAction() {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const isGoing = useRef(false);
  const run = async (work: () => Promise<unknown>): Promise<void> => {
    if (isGoing.current) return;
    isGoing.current = true;
    setBusy(true);
    setError(undefined);
    await work().catch(setError);
    isGoing.current = false;
    setBusy(false);
  };
  return { error, busy, run };
}
