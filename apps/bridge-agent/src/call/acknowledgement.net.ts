import { setTimeout as sleep } from 'node:timers/promises';
import type { EslHeaders } from '../esl/esl-frame.js';
import type { CallStory } from '../live/call-story.js';
import type { Talk } from './call-talk.net.js';
import type { ProbeDialog } from './dialog-probe.net.js';
import { dialogOf, isTag, type DialogKey } from './sip-dialog.js';

/**
 * Whether a caller is at the source address of its INVITE. FreeSWITCH takes a call for acknowledged by an ACK without
 * our To tag, and ends it by a BYE without one (both tried), and whoever forges a source address can send these. So a
 * call counts only when the To tag of the ACK is ours, which only the source address has got, with the 200.
 */
export interface AcknowledgementPorts {
  probe: ProbeDialog;
  /** How long an answered call may wait for its ACK; for tests. */
  acknowledgedWithinMs?: number;
}

/** FreeSWITCH ends a call whose 200 nobody acknowledges after 32 s. */
const ACKNOWLEDGED_MS = 40_000;
/** Callers that hang up at the first sound have been answered for a second. */
const EAGER_MS = 1_000;
const [EAGERLY_MS, PATIENTLY_MS] = [40, 500];
/** Most ACKs are there by then, and the first audio is on its way. */
const FIRST_LOOK_MS = 200;

/** FreeSWITCH puts the To tag of an ACK into `sip_to_tag`, as it came; whether it is ours, its dialogs tell. */
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
  /** Whether it would be news that the caller is there; asked once, after the answer. */
  isNews: () => boolean;
}

/** Beside an answered call: its record says whether it was acknowledged, where that could prove something. */
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
  // What could not be looked at was not seen; the call goes on.
  talk.onAnswered(() => {
    look().catch(() => undefined);
  });
}
