import { useState } from 'react';
import { Button } from 'react-aria-components';
import { download } from '../api/raw.http.js';
import { Failure } from './states.js';

interface DownloadProps {
  path: string;
  /** The media type that is asked for. */
  accept: string;
  /** Of the file that is saved. */
  name: string;
  children: string;
}

/** A button that saves a file, and says why it could not. */
export function Download({ path, accept, name, children }: DownloadProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const save = async () => {
    setBusy(true);
    setError(undefined);
    await download(path, accept, name).catch(setError);
    setBusy(false);
  };
  return (
    <>
      <Button isDisabled={busy} onPress={() => void save()}>
        {busy ? 'Downloading…' : children}
      </Button>
      {error !== undefined && <Failure error={error} />}
    </>
  );
}
