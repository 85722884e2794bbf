import { useState, type ReactNode } from 'react';
import { Button, Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Failure } from './states.js';

interface ConfirmProps {
  /** What the button and the dialog say, for example `Delete trunk`. */
  action: string;
  children: ReactNode;
  onConfirm: () => Promise<unknown>;
}

/** A button whose action cannot be undone: it asks first, and says why it failed. */
export function Confirm({ action, children, onConfirm }: ConfirmProps) {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const confirm = async (close: () => void) => {
    setBusy(true);
    setError(undefined);
    await onConfirm().then(close, setError);
    setBusy(false);
  };
  return (
    <DialogTrigger onOpenChange={() => setError(undefined)}>
      <Button className="danger">{action}</Button>
      <ModalOverlay className="overlay" isDismissable>
        <Modal className="modal">
          <Dialog role="alertdialog">
            {({ close }) => (
              <>
                <Heading slot="title">{action}?</Heading>
                {children}
                {error !== undefined && <Failure error={error} />}
                <div className="actions">
                  <Button onPress={close} autoFocus>
                    Keep it
                  </Button>
                  <Button className="danger" isDisabled={busy} onPress={() => void confirm(close)}>
                    {action}
                  </Button>
                </div>
              </>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}
