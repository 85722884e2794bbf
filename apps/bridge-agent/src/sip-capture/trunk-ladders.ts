import { parseGatewayName } from '@trunkmesh/contracts/trunk.js';
import type { SipMessage } from '@trunkmesh/contracts/sip-message.js';
import { copyOf } from './copy-of.js';
import type { SipHead } from './sip-head.js';

interface Exchange {
  registrations: SipMessage[];
  options: SipMessage[];
  /** The status of the last OPTIONS; 0: no response. */
  reached: number | undefined;
  changed: boolean;
  takenAt: number;
}
export interface TrunkPart {
  trunkId: string;
  messages: SipMessage[];
}

const REGISTRATIONS = 8;
const OPTIONS = 4;
const MAX_TEXT = 4_096;
const TRUNKS = 10_000;
const CALL_IDS = 20_000;
/** What is still so is published again before the store forgets it. */
const AGAIN_MS = 3_600_000;

/**
 * The last REGISTERs and OPTIONS of each gateway, by the Contact `gw+NAME` that FreeSWITCH gives them. A ping that is
 * answered as before is nothing new: thousands of gateways are pinged all the time. Pure but for its own tables.
 */
export class TrunkLadders {
  private readonly trunks = new Map<string, Exchange>();
  private readonly trunkOf = new Map<string, string>();

  add(head: SipHead, message: SipMessage, now: number): void {
    const trunkId = this.trunkIdOf(head, message);
    if (trunkId === undefined) return;
    const exchange = this.exchangeOf(trunkId, now);
    const kept = { ...message, text: message.text.slice(0, MAX_TEXT) };
    if (message.text.length > MAX_TEXT) kept.truncated = true;
    if (head.cseq.endsWith(' REGISTER')) {
      push(exchange.registrations, kept, REGISTRATIONS);
      exchange.changed = true;
      return;
    }
    const unanswered = message.status === null && exchange.options.at(-1)?.status === null;
    push(exchange.options, kept, OPTIONS);
    const reached = message.status ?? (unanswered ? 0 : exchange.reached);
    if (reached === exchange.reached) return;
    exchange.reached = reached;
    exchange.changed = true;
  }

  knows(sipCallId: string): boolean {
    return this.trunkOf.has(sipCallId);
  }

  /** What is new, up to a number of trunks. */
  take(count: number, now: number): TrunkPart[] {
    const parts: TrunkPart[] = [];
    for (const [trunkId, exchange] of this.trunks) {
      if (parts.length === count) break;
      if (!exchange.changed && now - exchange.takenAt < AGAIN_MS) continue;
      exchange.changed = false;
      exchange.takenAt = now;
      const messages = [...exchange.registrations, ...exchange.options].sort((a, b) => (a.at < b.at ? -1 : 1));
      parts.push({ trunkId, messages });
    }
    return parts;
  }

  private trunkIdOf({ callId, headers }: SipHead, { direction, method }: SipMessage): string | undefined {
    const known = this.trunkOf.get(callId);
    // Only FreeSWITCH itself says which gateway it is.
    if (known !== undefined || direction !== 'out' || method === null) return known;
    const trunkId = namedIn(headers.find(([name]) => name === 'contact'));
    if (trunkId === undefined) return undefined;
    this.trunkOf.set(copyOf(callId), trunkId);
    if (this.trunkOf.size > CALL_IDS) this.trunkOf.delete(this.trunkOf.keys().next().value!);
    return trunkId;
  }

  private exchangeOf(trunkId: string, now: number): Exchange {
    const found = this.trunks.get(trunkId);
    if (found !== undefined) return found;
    const made = { registrations: [], options: [], reached: undefined, changed: false, takenAt: now };
    this.trunks.set(trunkId, made);
    if (this.trunks.size > TRUNKS) this.trunks.delete(this.trunks.keys().next().value!);
    return made;
  }
}

function namedIn(contact: SipHead['headers'][number] | undefined): string | undefined {
  const name = /\bsips?:gw\+([\w.-]{1,80})@/.exec(contact?.[1] ?? '')?.[1];
  return name === undefined ? undefined : parseGatewayName(copyOf(name))?.id;
}

function push(messages: SipMessage[], message: SipMessage, most: number): void {
  messages.push(message);
  if (messages.length > most) messages.shift();
}
