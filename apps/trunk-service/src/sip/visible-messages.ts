import type { RefusedInvite } from '@trunkmesh/contracts/refused-call.js';
import type { SipMessage } from '@trunkmesh/contracts/sip-message.js';
import { withoutWithheldCaller } from '@trunkmesh/routing/withheld-text.js';

/** The messages without the identity of callers who withhold it, dialog by dialog. */
export function visibleMessages(messages: readonly SipMessage[]): SipMessage[] {
  const texts = new Map<SipMessage, string>();
  for (const id of new Set(messages.map(({ sip_call_id }) => sip_call_id))) {
    const dialog = messages.filter(({ sip_call_id }) => sip_call_id === id);
    const visible = withoutWithheldCaller(
      dialog.map(({ direction, text }) => ({ isReceived: direction === 'in', text })),
    );
    dialog.forEach((message, index) => texts.set(message, visible[index]!));
  }
  return messages.map((message) => ({ ...message, text: texts.get(message)! }));
}

const HIDDEN = '***';

/** A refused INVITE without the identity of a caller who withholds it. */
export function visibleInvite(invite: RefusedInvite | null): RefusedInvite | null {
  if (invite === null || invite.text === null) return invite;
  const [text] = withoutWithheldCaller([{ isReceived: true, text: invite.text }]);
  return text === invite.text ? invite : { ...invite, text: text!, from: HIDDEN };
}
