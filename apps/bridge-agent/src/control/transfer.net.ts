import { setTimeout as sleep } from 'node:timers/promises';
import { TRANSFER_DEADLINE_MS } from '@trunkmesh/contracts/call-control.js';
import type { TransferResult } from '@trunkmesh/contracts/call-parts.js';
import { note } from '../live/call-story.js';
import { endConversation, type Channel, type Conversation } from '../call/conversation.js';
import { outcomeOf, statusNumber, type ReferStatus } from './transfer.js';

const POLL_MS = 100;
const WATCH_ON_MS = 1_000;
/**
 * FreeSWITCH does not time out waiting for the NOTIFY, and a carrier may try its target for a long time. This is
 * shorter than the API's own deadline.
 */
const DEADLINE_MS = TRANSFER_DEADLINE_MS - 5_000;
/**
 * A caller whose dialog has ended falls silent at once; otherwise it sends a packet every 20 ms, or comfort noise (RFC
 * 3389) from time to time.
 */
const SILENT_AFTER_MS = 300;
const LISTEN_MS = 2_000;
const GOES_ON = 3;

export interface TransferOptions {
  /** The trunk's gateway, by its name in FreeSWITCH. */
  gateway: string;
  /** Called before the transfer ends the call. */
  onOutcome(result: TransferResult): void;
  deadlineMs?: number;
}

/**
 * Sends REFER and waits for the NOTIFY; the audio continues meanwhile. The call ends if it was transferred and
 * continues if the transfer was refused. Never rejects. The caller must run one transfer per call at a time.
 */
export async function transfer(
  conversation: Conversation,
  uri: string,
  { gateway, onOutcome, deadlineMs = DEADLINE_MS }: TransferOptions,
): Promise<TransferResult> {
  const { channel, story } = conversation;
  const requestedAt = new Date();
  note(story, requestedAt, 'transfer-requested', uri);
  // Without this FreeSWITCH holds the channel and hangs up at the first reply.
  channel.execute('set', 'sip_refer_continue_after_reply=true');
  // The gateway whose credentials answer a challenge to the REFER (RFC 3261 §22.3). For an inbound call FreeSWITCH does
  // not know it and would hang up.
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
    // If the call has ended, do not report that it continues.
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

/** A late NOTIFY ends the dialog (see `goOn`): otherwise this would show only after minutes without audio. */
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
    // The next transfer waits for its own outcome.
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
 * Polls, because FreeSWITCH fires no event for a refused REFER. Stops at once when the call ends: a carrier's BYE may
 * follow its NOTIFY immediately, and the call's last event must contain the transfer's outcome.
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
 * SIP dialog when a NOTIFY ends the subscription, whatever its status: the caller has had a BYE, and nothing else
 * would end the call at the assistant's side.
 */
async function goOn(conversation: Conversation, { target }: ReferStatus): Promise<void> {
  const { channel } = conversation;
  channel.execute('unset', 'sip_refer_status_code');
  channel.execute('unset', 'sip_refer_target_status_code');
  if (target === undefined || (await callerStillSends(conversation))) return;
  endConversation(conversation, 'dropped-by-transfer', new Date());
}

async function callerStillSends({ channel, parties }: Conversation): Promise<boolean> {
  await sleep(SILENT_AFTER_MS);
  const before = await channel.packetsIn(parties.call_id);
  for (const until = performance.now() + LISTEN_MS; performance.now() < until;) {
    await sleep(POLL_MS);
    const now = await channel.packetsIn(parties.call_id);
    if (before !== undefined && now !== undefined && now >= before + GOES_ON) return true;
  }
  return false;
}
