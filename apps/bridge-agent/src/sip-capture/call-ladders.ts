import type { SipMessage } from '@trunkmesh/contracts/sip-message.js';

export interface CallOwner {
  organizationId: string;
  /** The organisation's number, if one is known. */
  numberId: string | null;
  callId: string;
}
export interface LadderPart {
  owner: CallOwner;
  messages: SipMessage[];
  leftOut: number;
}
export interface Dialog {
  sipCallId: string;
  /** The address at the other end. */
  remote: string;
  withinDialog: boolean;
}

interface Ladder {
  owner: CallOwner | undefined;
  pending: SipMessage[];
  count: number;
  characters: number;
  leftOut: number;
  overQuota: boolean;
  at: number;
}

/** Of one dialog. A flood inside a call must not fill the store. */
export const MESSAGES_OF_CALL = 200;
const CHARACTERS_OF_CALL = 262_144;
/** What a message takes beside its text. */
const MESSAGE_FIELDS = 300;
/** Of what belongs to no call yet: refused INVITEs, and calls that ring. */
export const UNOWNED_LADDERS = 4_000;
const UNOWNED_MESSAGES = 32;
/** As long as an outbound call may ring. */
const UNOWNED_MS = 180_000;
const OWNED_LADDERS = 20_000;
/** Of all that waits to be published, some 64 MB: NATS may be away, and strangers may send as fast as they can. */
export const WAITING_CHARACTERS = 67_108_864;
const OWNED_IDLE_MS = 4 * 3_600_000;

/**
 * Groups SIP messages by call in bounded memory, whatever comes. A dialog is told by its Call-ID and the address at its
 * other end: a stranger who repeats a Call-ID gets into nobody's call. Pure but for its own tables.
 */
export class CallLadders {
  private readonly unowned = new Map<string, Ladder>();
  private readonly owned = new Map<string, Ladder>();
  /** The first key of each Call-ID: a carrier may continue a dialog from another address. */
  private readonly firstOf = new Map<string, string>();
  private waiting = 0;
  /** Messages beyond the limits. */
  dropped = 0;

  add(dialog: Dialog, message: SipMessage, now: number): void {
    const key = this.keyOf(dialog);
    const owned = this.owned.get(key);
    const ladder = owned ?? this.unowned.get(key) ?? this.open(key, dialog.sipCallId, now);
    const limit = ladder.owner === undefined ? UNOWNED_MESSAGES : MESSAGES_OF_CALL;
    const isFull = ladder.count >= limit || ladder.characters + message.text.length > CHARACTERS_OF_CALL;
    if (isFull || !this.hasRoom(ladder, sizeOf([message]))) {
      ladder.leftOut += 1;
      this.dropped += 1;
      return;
    }
    ladder.count += 1;
    ladder.characters += message.text.length;
    ladder.pending.push(message);
    this.waiting += sizeOf([message]);
    if (owned === undefined) return;
    ladder.at = now;
    this.owned.delete(key);
    this.owned.set(key, ladder);
  }

  /** The call of a dialog. `remote` undefined: FreeSWITCH made the Call-ID. */
  own(sipCallId: string, remote: string | undefined, owner: CallOwner, now: number): void {
    const key = remote === undefined ? this.firstOf.get(sipCallId) : keyOf(sipCallId, remote);
    if (key === undefined || this.owned.has(key)) return;
    const ladder = this.unowned.get(key) ?? this.open(key, sipCallId, now);
    this.unowned.delete(key);
    ladder.owner = owner;
    ladder.at = now;
    this.owned.set(key, ladder);
    if (this.owned.size > OWNED_LADDERS) this.forget(this.owned, this.owned.keys().next().value!);
  }

  /**
   * What came since the last time. `allows`: whether the organisation may keep so many characters more; of what it may
   * not, the first part of a call is given without its messages, so that it can be seen that they are missing.
   */
  take(now: number, allows: (organizationId: string, characters: number) => boolean = () => true): LadderPart[] {
    this.forgetOld(this.unowned, now - UNOWNED_MS);
    this.forgetOld(this.owned, now - OWNED_IDLE_MS);
    const parts: LadderPart[] = [];
    for (const ladder of this.owned.values()) {
      const { owner, pending } = ladder;
      if (owner === undefined || pending.length === 0) continue;
      const messages = pending.splice(0);
      const characters = sizeOf(messages);
      this.waiting -= characters;
      if (allows(owner.organizationId, characters)) parts.push({ owner, messages, leftOut: ladder.leftOut });
      else parts.push(...this.leaveOut(ladder, owner, messages.length));
    }
    return parts;
  }

  private leaveOut(ladder: Ladder, owner: CallOwner, count: number): LadderPart[] {
    ladder.leftOut += count;
    this.dropped += count;
    if (ladder.overQuota) return [];
    ladder.overQuota = true;
    return [{ owner, messages: [], leftOut: ladder.leftOut }];
  }

  get size(): number {
    return this.unowned.size + this.owned.size;
  }

  private keyOf({ sipCallId, remote, withinDialog }: Dialog): string {
    const key = keyOf(sipCallId, remote);
    if (!withinDialog || this.owned.has(key) || this.unowned.has(key)) return key;
    return this.firstOf.get(sipCallId) ?? key;
  }

  private open(key: string, sipCallId: string, now: number): Ladder {
    const ladder: Ladder = {
      owner: undefined,
      pending: [],
      count: 0,
      characters: 0,
      leftOut: 0,
      overQuota: false,
      at: now,
    };
    this.unowned.set(key, ladder);
    if (!this.firstOf.has(sipCallId)) this.firstOf.set(sipCallId, key);
    if (this.unowned.size > UNOWNED_LADDERS) this.forget(this.unowned, this.unowned.keys().next().value!);
    return ladder;
  }

  /** What belongs to no call yet makes room, the oldest first. */
  private hasRoom(ladder: Ladder, size: number): boolean {
    for (const [key, old] of this.unowned) {
      if (this.waiting + size <= WAITING_CHARACTERS) break;
      if (old === ladder) continue;
      this.dropped += old.pending.length;
      this.forget(this.unowned, key);
    }
    return this.waiting + size <= WAITING_CHARACTERS;
  }

  private forgetOld(ladders: Map<string, Ladder>, before: number): void {
    for (const [key, { at }] of ladders) {
      if (at >= before) return;
      this.forget(ladders, key);
    }
  }

  private forget(ladders: Map<string, Ladder>, key: string): void {
    this.waiting -= sizeOf(ladders.get(key)!.pending);
    ladders.delete(key);
    const sipCallId = key.slice(key.indexOf(' ') + 1);
    if (this.firstOf.get(sipCallId) === key) this.firstOf.delete(sipCallId);
  }
}

const sizeOf = (messages: readonly SipMessage[]): number =>
  messages.reduce((sum, { text }) => sum + text.length + MESSAGE_FIELDS, 0);

const keyOf = (sipCallId: string, remote: string): string => `${remote} ${sipCallId}`;
