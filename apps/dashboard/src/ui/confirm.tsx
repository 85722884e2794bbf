import { useState, type ReactNode } from 'react';
import { Button, Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Failure } from './states.js';

interface ConfirmProps {
  /** What the button and the dialog say, for example `Delete trunk`. */
  action: string;
  children: ReactNode;
  /** What the button says that changes nothing. */
  cancel?: string;
  /** Something is still to be chosen in the dialog. */
  isDisabled?: boolean;
  onConfirm: () => Promise<unknown>;
}

/** A button whose action is not easily undone: it asks first, and says why it failed. */
export function Confirm({ action, children, cancel = 'Keep it', isDisabled = false, onConfirm }: ConfirmProps) {
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
                    {cancel}
                  </Button>
                  <Button className="danger" isDisabled={busy || isDisabled} onPress={() => void confirm(close)}>
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
