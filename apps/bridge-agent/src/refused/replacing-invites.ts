/**
 * Answered INVITEs that name a call to replace (`Replaces`, RFC 3891). FreeSWITCH gives those to no dialplan
 * (live/bypassing-calls.ts). Pure but for its own table.
 */
export class ReplacingInvites {
  private readonly pending = new Set<string>();

  /** An INVITE that came in. `text`: the whole message, because a sender can put the header behind a hundred others. */
  invite(text: string, { callId, cseq }: Key): void {
    if (!REPLACES.test(text)) return;
    this.pending.add(`${cseq} ${callId}`);
    if (this.pending.size > MAX_PENDING) this.pending.delete(this.pending.keys().next().value!);
  }

  /** A final answer went out. True, once: it accepts an INVITE that replaces a call. */
  answer({ callId, cseq, status }: Key & { status: number | undefined }): boolean {
    return this.pending.delete(`${cseq} ${callId}`) && status !== undefined && status < 300;
  }
}

type Key = { callId: string; cseq: string };

const REPLACES = /[\r\n]replaces[ \t]*:/i;
/** The oldest makes room. Most are answered within milliseconds. */
const MAX_PENDING = 1_000;
