import { keyOf, withinDialog } from './callee-script.js';
import { headerOf, type SipMessage } from './sip-message.js';

export interface CalleeDialog {
  /** The INVITE that began it. */
  request: SipMessage;
  toTag: string;
  /** `host:port` of the called side. */
  here: string;
}

/** The called side's own offers within a call (re-INVITE), each acknowledged (RFC 3261 §13.2.2.4, §17.1.1.3). */
export class CalleeOffers {
  private readonly waiting = new Map<string, (response: SipMessage) => void>();
  private sequence = 20;

  constructor(private readonly newBranch: () => string) {}

  /** Settles with the final status. */
  make(dialog: CalleeDialog, sdp: (version: number) => string, send: (text: string) => void): Promise<number> {
    const sequence = (this.sequence += 1);
    const { request, toTag, here } = dialog;
    const how = (method: string) => ({ method, here, toTag, branch: this.newBranch(), sequence });
    const key = `${headerOf(request, 'call-id')} ${sequence}`;
    return new Promise((resolve) => {
      this.waiting.set(key, ({ status = 0 }) => {
        if (status < 200) return;
        this.waiting.delete(key);
        send(withinDialog(request, how('ACK')));
        resolve(status);
      });
      send(withinDialog(request, how('INVITE'), [['Content-Type', 'application/sdp']], sdp(sequence)));
    });
  }

  take(response: SipMessage): void {
    this.waiting.get(keyOf(response))?.(response);
  }
}
