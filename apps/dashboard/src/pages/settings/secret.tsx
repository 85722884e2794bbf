import { Button } from 'react-aria-components';
import { Copy } from '../../ui/copy.js';

/** Shown once: it is kept nowhere in the browser, and cannot be read again. */
export const Secret = ({ label, value, onDone }: { label: string; value: string; onDone: () => void }) => (
  <div className="notice good" role="status">
    <p>
      <strong>Copy the {label} now.</strong> It is shown this once, and cannot be read again.
    </p>
    <p>
      <Copy label={label} value={value} />
    </p>
    <Button onPress={onDone}>I have copied it</Button>
  </div>
);
