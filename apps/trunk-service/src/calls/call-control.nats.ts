import { jetstreamManager } from '@nats-io/jetstream';
import {
  callControlAnswer,
  qualityAnswer,
  TRANSFER_DEADLINE_MS,
  transferAnswer,
  type CallControlRefusal,
  type ControlRefused,
  type DtmfRequest,
  type HangupRequest,
  type QualityRequest,
  type TransferRequest,
} from '@trunkmesh/contracts/call-control.js';
import { ENDS_CALL, type CallEvent } from '@trunkmesh/contracts/call.js';
import type { QualityCourse, TransferResult } from '@trunkmesh/contracts/call-parts.js';
import { DomainError, type DomainErrorCode } from '@trunkmesh/contracts/problem.js';
import { bridgeId } from '@trunkmesh/contracts/scalar.js';
import { bridgeRequest, CALLS_STREAM, callSubject, type BridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { ask } from '@trunkmesh/requests/ask.nats.js';
import { Unanswered } from '@trunkmesh/requests/unanswered.js';
import { z } from 'zod';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { callNotFound } from './call-ending.js';
import { unansweredText } from '../nats/unanswered-text.js';

/** FreeSWITCH takes a command in milliseconds; digits are sent while the API has answered. */
const DEADLINE_MS = 5_000;
const LOOK_UP_MS = 3_000;

/** @throws DomainError call-not-found, call-ended, bridge-unavailable and what the bridge refuses with */
export async function hangUp(nats: NatsLink, request: HangupRequest): Promise<void> {
  refusedOrDone(
    await askBridge(nats, request, { name: 'call.hangup', reply: callControlAnswer, deadlineMs: DEADLINE_MS }),
  );
}

/** @throws DomainError as `hangUp` */
export async function sendDtmf(nats: NatsLink, request: DtmfRequest): Promise<void> {
  refusedOrDone(
    await askBridge(nats, request, { name: 'call.dtmf', reply: callControlAnswer, deadlineMs: DEADLINE_MS }),
  );
}

/**
 * Of a call in progress; null: nothing was measured yet.
 *
 * @throws DomainError as `hangUp`
 */
export async function qualitySoFar(nats: NatsLink, request: QualityRequest): Promise<QualityCourse | null> {
  const asked = { name: 'call.quality', reply: qualityAnswer, deadlineMs: DEADLINE_MS } as const;
  return refusedOrDone(await askBridge(nats, request, asked)).quality_course;
}

/**
 * Waits for what becomes of it.
 *
 * @throws DomainError transfer-refused, transfer-unconfirmed (with the transfer), and as `hangUp`
 */
export async function transfer(nats: NatsLink, request: TransferRequest): Promise<TransferResult> {
  const { transfer: result } = refusedOrDone(
    await askBridge(nats, request, {
      name: 'call.transfer',
      reply: transferAnswer,
      deadlineMs: TRANSFER_DEADLINE_MS + 2_000,
    }),
  );
  switch (result.outcome) {
    case 'transferred':
      return result;
    case 'refused':
      throw new DomainError(
        'transfer-refused',
        `The transfer was refused${statusOf(result)}. The call continues.`,
        [],
        {
          transfer: result,
        },
      );
    case 'indeterminate':
      throw new DomainError(
        'transfer-unconfirmed',
        "The transfer's outcome was not confirmed in time. The call continues unless the carrier has moved it; see " +
          'the call log.',
        [],
        { transfer: result },
      );
  }
}

function statusOf({ refer_status, target_status }: TransferResult): string {
  if (target_status !== null) return ` by its target (SIP status ${target_status})`;
  return refer_status === null ? '' : ` by the carrier (SIP status ${refer_status})`;
}

const CODES: Record<CallControlRefusal, DomainErrorCode> = {
  'invalid-request': 'invalid-request',
  'call-not-found': 'call-not-found',
  'call-not-answered': 'call-not-answered',
  'transfer-in-progress': 'transfer-in-progress',
  'destination-not-allowed': 'destination-not-allowed',
  'switch-unavailable': 'bridge-unavailable',
};

function refusedOrDone<Answer extends { outcome: string }>(
  answer: Answer | ControlRefused,
): Exclude<Answer, ControlRefused> {
  if (answer.outcome !== 'refused') return answer as Exclude<Answer, ControlRefused>;
  const { code, message } = answer as ControlRefused;
  throw new DomainError(CODES[code], message.slice(0, 500));
}

interface CallRequest<Reply extends z.ZodType> {
  name: Extract<BridgeRequest, `call.${string}`>;
  reply: Reply;
  deadlineMs: number;
}

async function askBridge<Reply extends z.ZodType>(
  nats: NatsLink,
  request: HangupRequest,
  { name, reply, deadlineMs }: CallRequest<Reply>,
): Promise<z.output<Reply>> {
  const bridge = await bridgeOf(nats, request);
  const subject = bridgeRequest(bridge, name);
  const span = { name, attributes: { 'call.id': request.call_id, 'bridge.id': bridge } };
  try {
    return await ask(nats, { subject, request, reply, deadlineMs, span });
  } catch (error) {
    if (error instanceof Unanswered) throw bridgeUnavailable(bridge, error);
    throw error;
  }
}

function bridgeUnavailable(bridge: string, unanswered: Unanswered): DomainError {
  const consequence = unanswered.mayHaveRun
    ? 'The request may or may not have been carried out; check the call before retrying.'
    : 'Nothing was done; retry in a few seconds.';
  return new DomainError('bridge-unavailable', `${unansweredText(`bridge ${bridge}`, unanswered)} ${consequence}`);
}

const lastEvent = z.object({ type: z.string(), data: z.object({ bridge_id: bridgeId }) });

/** Who has the call is in the last event of it. The subject names the organisation: another one's call is not found. */
async function bridgeOf(nats: NatsLink, { organization_id, call_id }: HangupRequest): Promise<string> {
  const found = await lastMessage(nats, callSubject(organization_id, call_id));
  const event = found === null ? undefined : lastEvent.safeParse(jsonOf(found.data)).data;
  if (event === undefined) throw callNotFound();
  if (event.type in ENDS_CALL && ENDS_CALL[event.type as CallEvent['type']])
    throw new DomainError('call-ended', 'The call has ended.');
  return event.data.bridge_id;
}

async function lastMessage(nats: NatsLink, subject: string) {
  const { connection } = nats;
  if (connection === undefined) throw lookupFailed('NATS is unreachable');
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: LOOK_UP_MS });
    return await manager.streams.getMessage(CALLS_STREAM, { last_by_subj: subject });
  } catch {
    throw lookupFailed(nats.connection === undefined ? 'NATS is unreachable' : 'JetStream did not answer');
  }
}

const lookupFailed = (why: string) =>
  new DomainError(
    'log-unavailable',
    `The bridge of this call cannot be looked up: ${why}. Nothing was done; retry in a few seconds.`,
  );

function jsonOf(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data));
  } catch {
    return undefined;
  }
}
