import { useState } from 'react';
import { Button } from 'react-aria-components';

/** A value to enter elsewhere, ready to copy. */
export function Copy({ label, value }: { label: string; value: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), 2_000);
  };
  return (
    <span className="copy">
      <code>{value}</code>
      <Button onPress={() => void copy()} aria-label={`Copy ${label}`}>
        {copied ? 'Copied' : 'Copy'}
      </Button>
    </span>
  );
}
