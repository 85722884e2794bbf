import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { ME, queries, refresh } from '../api/client.http.js';
import { sessionBegan } from '../api/session-end.js';
import { useSession, type Me } from './session.js';
import { SignInForm } from './sign-in-form.js';

/**
 * Covers the page once its session has ended. The page stays hidden, because anybody may be looking at the screen. What
 * was entered is kept for whoever signs in to the same organisation with the same role.
 */
export function SignInAgain() {
  const before = useSession().me;
  const goOn = (me: Me) => {
    if (!isAlike(me, before)) return location.reload();
    queries.setQueryData([...ME, {}], me);
    sessionBegan();
    void refresh('/api/');
  };
  return (
    <ModalOverlay className="overlay opaque" isOpen isKeyboardDismissDisabled>
      <Modal className="modal">
        <Dialog>
          <Heading slot="title">Your session has ended</Heading>
          <p>Sign in again to go on. What you have entered on this page is kept; what was not saved has to be saved.</p>
          <SignInForm onSignedIn={goOn} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

const isAlike = (one: Me, other: Me): boolean =>
  one.role === other.role && one.organization?.id === other.organization?.id;
