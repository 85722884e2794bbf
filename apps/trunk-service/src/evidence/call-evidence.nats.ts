import { jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { callEnded, callRejected, callStarted, type CallStarted } from '@trunkmesh/contracts/call.js';
import { CALLS_STREAM, callSubject, trunkSubject } from '@trunkmesh/contracts/subjects.js';
import { trunkState, type TrunkState } from '@trunkmesh/contracts/trunk.js';
import { networkOfAddress } from '@trunkmesh/routing/claims.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { proveIn } from '../address/prove.pg.js';
import { settleClaim } from '../number/number-claim.pg.js';
import { proveNumberIn } from '../number/prove-number.pg.js';
import { transact } from '../event-store/handle.pg.js';
import type { OwnNatsLink } from '@trunkmesh/runtime/link.nats.js';
import { connectionOf } from '../nats/connection.nats.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { firstStart } from './first-look.pg.js';
import { namedInFull, provingCall, refusedCall, type Age, type ProvingCall } from './call-proof.js';
import { readCalls, type CallsReader } from './calls-reader.nats.js';
import { settled } from './settled.js';

/** Evidence that was withdrawn is proven again by the next call after this. */
const PROVEN_MS = 10 * 60_000;
const REFUSED_MS = 5_000;
const LOOK_UP_MS = 5_000;

interface Parts {
  store: EventStore;
  nats: OwnNatsLink;
  logger: Logger;
  onCaughtUp: () => void;
}

/**
 * Finished calls prove which addresses their organisation is served from, and that the number which they named in full
 * is its own.
 */
export function startCallEvidence({ store, nats, logger, onCaughtUp }: Parts): CallsReader {
  const lately = settled();
  /** A flood of refused calls asks the database once in a while. */
  const takeRefused = async (value: unknown) => {
    const rejected = callRejected.safeParse(value);
    const call = rejected.success ? refusedCall(rejected.data) : undefined;
    const network = call && networkOfAddress(call.source_address);
    if (call === undefined || network === undefined) return;
    const key = `refused ${call.phone_number} ${network}`;
    if (lately.has(key, Date.now())) return;
    const moved = await settleClaim(store, call.phone_number, network);
    lately.add(key, Date.now() + REFUSED_MS);
    if (moved)
      logger.info(
        { phone_number: call.phone_number },
        'moved a claimed number: a listed carrier delivered a call for it',
      );
  };
  const take = async (message: JsMsg, age: Age) => {
    const value = jsonOf(message.data);
    if (typeOf(value) === 'CallRejected') return takeRefused(value);
    const call = callOf(value, age);
    const network = call && networkOfAddress(call.source_address);
    if (call === undefined || network === undefined) return;
    const key = `${call.organization_id} ${network} ${call.number_id}`;
    if (lately.has(key, Date.now())) return;
    const started = await startOf(nats, call);
    const proven =
      started !== undefined &&
      namedInFull(started.data.decision) &&
      (await recordProof(store, call, { network, number: started.data.decision.number }));
    // One that proves nothing, for example by its extension, says nothing of the next one for the same number.
    if (proven) lately.add(key, Date.now() + PROVEN_MS);
  };
  return readCalls(nats, logger, { take, firstStart: (created) => firstStart(store, created), onCaughtUp });
}

const typeOf = (value: unknown) => (value as { type?: unknown } | null | undefined)?.type;

function callOf(value: unknown, age: Age): ProvingCall | undefined {
  if (typeOf(value) !== 'CallEnded') return undefined;
  const ended = callEnded.safeParse(value);
  return ended.success ? provingCall(ended.data, age) : undefined;
}

/** The first event of the call, which holds the decision. */
async function startOf(nats: OwnNatsLink, { organization_id, call_id }: ProvingCall): Promise<CallStarted | undefined> {
  const manager = await jetstreamManager(connectionOf(nats), { checkAPI: false, timeout: LOOK_UP_MS });
  const first = await manager.direct.getMessage(CALLS_STREAM, {
    seq: 1,
    next_by_subj: callSubject(organization_id, call_id),
  });
  return first === null ? undefined : callStarted.safeParse(jsonOf(first.data)).data;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Of a trunk that is gone nothing is proven any more. */
function recordProof(
  store: EventStore,
  call: ProvingCall,
  { network, number }: { network: string; number: string },
): Promise<boolean> {
  const { organization_id, trunk_id, call_id, ended_at } = call;
  return transact(store, async (work) => {
    const trunk = await work.load<TrunkState>(trunkSubject(organization_id, trunk_id), trunkState);
    if (trunk.state === null) return false;
    await proveIn(work, { organization_id, network, evidence: { by: 'call', at: ended_at, trunk_id, call_id } });
    await proveNumberIn(work, { organization_id, phone_number: number, source: network });
    return true;
  });
}
