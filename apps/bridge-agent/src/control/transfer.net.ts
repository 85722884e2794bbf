import { setTimeout as sleep } from 'node:timers/promises';
import { TRANSFER_DEADLINE_MS } from '@trunkmesh/contracts/call-control.js';
import type { TransferResult } from '@trunkmesh/contracts/call.js';
import { note } from '../live/call-story.js';
import { endConversation, type Channel, type Conversation } from './conversation.js';
import { outcomeOf, statusNumber, type ReferStatus } from './transfer.js';

const POLL_MS = 100;
const WATCH_ON_MS = 1_000;
/**
 *  FreeSWITCH asks nobody for the NOTIFY, and a carrier may try its target for long. Before whoever asked over the API
 *  gives up.
 */
const DEADLINE_MS = TRANSFER_DEADLINE_MS - 5_000;
/**
 *  A caller whose dialog is gone falls silent at once; one that goes on sends a packet every 20 ms, or says now and
 *  then that it is silent (RFC 3389).
 */
const SILENT_AFTER_MS = 300;
const LISTEN_MS = 2_000;
const GOES_ON = 3;

export interface TransferOptions {
  /** The trunk's, by its name in FreeSWITCH. */
  gateway: string;
  /** Told before the call ends of it. */
  onOutcome(result: TransferResult): void;
  deadlineMs?: number;
}

/**
 * Sends REFER and waits for what the NOTIFY says; the audio goes on meanwhile. Transferred, the call is ended; refused,
 * it goes on. Never rejects. One at a time a call: whoever calls sees to that.
 */
export async function transfer(
  conversation: Conversation,
  uri: string,
  { gateway, onOutcome, deadlineMs = DEADLINE_MS }: TransferOptions,
): Promise<TransferResult> {
  const { channel, story } = conversation;
  const requestedAt = new Date();
  note(story, requestedAt, 'transfer-requested', uri);
  // Otherwise FreeSWITCH hangs up as soon as anything is said of it, and holds the channel until then.
  channel.execute('set', 'sip_refer_continue_after_reply=true');
  // Whose credentials answer a carrier that wants some for the REFER (RFC 3261 §22.3). Of a call that came in
  // FreeSWITCH does not know it, and would hang up.
  channel.execute('set', `sip_use_gateway=${gateway}`);
  channel.execute('deflect', uri);
  const conclude = (status: ReferStatus, callOver: boolean): TransferResult => {
    const result = (story.transfer = resultOf(status, uri, requestedAt));
    note(
      story,
      new Date(),
      `transfer-${result.outcome}`,
      `REFER ${result.refer_status ?? 'unanswered'}, target ${result.target_status ?? 'unknown'}`,
    );
    // Of a call that has ended nobody shall hear that it goes on.
    if (!callOver || result.outcome !== 'indeterminate') onOutcome(result);
    if (callOver && result.outcome === 'transferred') story.intended ??= 'transferred';
    return result;
  };
  const { result, status, callOver } = await watch(channel, performance.now() + deadlineMs, conclude);
  if (callOver) return result;
  if (result.outcome === 'transferred') endConversation(conversation, 'transferred', new Date());
  else await goOn(conversation, status);
  if (result.outcome === 'indeterminate') void watchOn(conversation, result);
  return result;
}

const resultOf = (status: ReferStatus, uri: string, requestedAt: Date): TransferResult => ({
  outcome: outcomeOf(status) ?? 'indeterminate',
  target: uri,
  refer_status: status.refer ?? null,
  target_status: status.target || null,
  requested_at: requestedAt.toISOString(),
  ended_at: new Date().toISOString(),
});

/**
 *  A NOTIFY that comes after all takes the dialog with it (see `goOn`): nobody would notice until no audio had come for
 *  minutes.
 */
async function watchOn(conversation: Conversation, told: TransferResult): Promise<void> {
  const { channel, story } = conversation;
  const learn = (target: number | undefined, at: Date): TransferResult['outcome'] | undefined => {
    const outcome = target === undefined ? undefined : outcomeOf({ refer: undefined, target });
    if (outcome === undefined) return undefined;
    story.transfer = { ...told, outcome, target_status: target || null, ended_at: at.toISOString() };
    note(story, at, `transfer-${outcome}`, `late: target ${target}`);
    return outcome;
  };
  let over = false;
  channel.beforeEnd((hangup) => {
    if (!over && !conversation.transferring && learn(hangup?.transferStatus ?? undefined, new Date()) === 'transferred')
      story.intended ??= 'transferred';
    over = true;
  });
  while (!over) {
    await sleep(WATCH_ON_MS);
    const target = statusNumber(await channel.getVariable('sip_refer_target_status_code'));
    // The next transfer has an outcome of its own to wait for.
    if (over || conversation.transferring) break;
    const outcome = learn(target, new Date());
    if (outcome === undefined) continue;
    over = true;
    if (outcome === 'transferred') return endConversation(conversation, 'transferred', new Date());
    return goOn(conversation, { refer: undefined, target });
  }
  over = true;
}

interface Watched {
  result: TransferResult;
  status: ReferStatus;
  callOver: boolean;
}

/**
 * Polled, because of a REFER that is refused FreeSWITCH makes no event. Ends with the call at the latest, and in the
 * same breath: a carrier's BYE may follow its NOTIFY at once, and the call's last event has to have what became of its
 * transfer.
 */
function watch(
  channel: Channel,
  deadline: number,
  conclude: (status: ReferStatus, callOver: boolean) => TransferResult,
): Promise<Watched> {
  const status: ReferStatus = { refer: undefined, target: undefined };
  let over = false;
  const poll = async (): Promise<void> => {
    while (!over && outcomeOf(status) === undefined && performance.now() < deadline) {
      await sleep(POLL_MS);
      const [refer, target] = await Promise.all([
        channel.getVariable('sip_refer_status_code'),
        channel.getVariable('sip_refer_target_status_code'),
      ]);
      status.refer = statusNumber(refer) ?? status.refer;
      status.target = statusNumber(target) ?? status.target;
    }
  };
  return new Promise((resolve) => {
    const finish = (callOver: boolean): void => {
      if (over) return;
      over = true;
      resolve({ result: conclude(status, callOver), status, callOver });
    };
    channel.beforeEnd((hangup) => {
      status.target ??= hangup?.transferStatus ?? undefined;
      finish(true);
    });
    void poll().then(() => {
      finish(false);
    });
  });
}

/**
 * The next transfer must not read this one's outcome. And FreeSWITCH (1.11.3-dev, its pull request 3059) forgets the
 * SIP dialog when a NOTIFY ends the subscription, whatever that NOTIFY says: the caller has had a BYE, and nobody would
 * ever end the call, in which the assistant talks to nobody.
 */
async function goOn(conversation: Conversation, { target }: ReferStatus): Promise<void> {
  const { channel } = conversation;
  channel.execute('unset', 'sip_refer_status_code');
  channel.execute('unset', 'sip_refer_target_status_code');
  if (target === undefined || (await callerIsHeard(conversation))) return;
  endConversation(conversation, 'dropped-by-transfer', new Date());
}

async function callerIsHeard({ channel, parties }: Conversation): Promise<boolean> {
  await sleep(SILENT_AFTER_MS);
  const before = await channel.packetsIn(parties.call_id);
  for (const until = performance.now() + LISTEN_MS; performance.now() < until;) {
    await sleep(POLL_MS);
    const now = await channel.packetsIn(parties.call_id);
    if (before !== undefined && now !== undefined && now >= before + GOES_ON) return true;
  }
  return false;
}
