import { setTimeout as sleep } from 'node:timers/promises';
import type { EslHeaders } from '../esl/esl-frame.js';
import type { CallStory } from '../live/call-story.js';
import type { Talk } from '../call/call-talk.net.js';
import type { ProbeDialog } from './dialog-probe.net.js';
import { dialogOf, isTag, type DialogKey } from './sip-dialog.js';

/**
 * Checks that a caller really is at the source address of its INVITE. FreeSWITCH accepts an ACK and a BYE without our
 * To tag (both tried), and a sender with a forged source address can send these. So a call counts only when its ACK has
 * our To tag, which only the source address received, with the 200.
 */
export interface AcknowledgementPorts {
  probe: ProbeDialog;
  /** How long an answered call waits for its ACK; set by tests. */
  acknowledgedWithinMs?: number;
}

/** FreeSWITCH ends a call whose 200 nobody acknowledges after 32 s. */
const ACKNOWLEDGED_MS = 40_000;
/** Callers that hang up at the first sound do so after about a second. */
const EAGER_MS = 1_000;
const [EAGERLY_MS, PATIENTLY_MS] = [40, 500];
/** Most ACKs have arrived by then, and the first audio follows. */
const FIRST_LOOK_MS = 200;

/** FreeSWITCH copies the To tag of an ACK into `sip_to_tag`; only its dialogs show whether the tag is ours. */
export async function isAcknowledged(
  dialog: DialogKey,
  talk: Pick<Talk, 'getVariable'>,
  over: { value: boolean },
  { probe, acknowledgedWithinMs = ACKNOWLEDGED_MS }: AcknowledgementPorts,
): Promise<boolean> {
  const started = Date.now();
  const until = started + acknowledgedWithinMs;
  const wrong = new Set<string>();
  while (!over.value && Date.now() < until) {
    const tag = await talk.getVariable('sip_to_tag');
    if (isTag(tag) && !wrong.has(tag)) {
      if (await probe(dialog, tag)) return true;
      wrong.add(tag);
    }
    await sleep(Date.now() - started < EAGER_MS ? EAGERLY_MS : PATIENTLY_MS, undefined, { ref: false });
  }
  return false;
}

export interface ProvingCall {
  headers: EslHeaders;
  story: CallStory;
  /** Whether a confirmed source would be new evidence; asked once, after the answer. */
  isNews: () => boolean;
}

/** Runs beside an answered call and notes whether it was acknowledged, if that would be new evidence. */
export function noteAcknowledgement(
  { headers, story, isNews }: ProvingCall,
  talk: Talk,
  ports: AcknowledgementPorts,
): void {
  const over = { value: false };
  talk.onEnd(() => {
    over.value = true;
  });
  const look = async (): Promise<void> => {
    await sleep(FIRST_LOOK_MS, undefined, { ref: false });
    if (over.value || !isNews()) return;
    story.acknowledged = false;
    const dialog = dialogOf(headers);
    if (dialog !== undefined) story.acknowledged = await isAcknowledged(dialog, talk, over, ports);
  };
  // If the check failed, nothing was seen; the call continues.
  talk.onAnswered(() => {
    look().catch(() => undefined);
  });
}
