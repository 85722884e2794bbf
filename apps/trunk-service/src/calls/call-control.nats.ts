import { jetstreamManager } from '@nats-io/jetstream';
import {
  callControlAnswer,
  TRANSFER_DEADLINE_MS,
  transferAnswer,
  type CallControlRefusal,
  type ControlRefused,
  type DtmfRequest,
  type HangupRequest,
  type TransferRequest,
} from '@trunkmesh/contracts/call-control.js';
import type { CallEvent, TransferResult } from '@trunkmesh/contracts/call.js';
import { DomainError, type DomainErrorCode } from '@trunkmesh/contracts/problem.js';
import { bridgeId } from '@trunkmesh/contracts/scalar.js';
import { bridgeRequest, CALLS_STREAM, callSubject, type BridgeRequest } from '@trunkmesh/contracts/subjects.js';
import { withSpan } from '@trunkmesh/runtime/trace.otel.js';
import { z } from 'zod';
import type { NatsLink } from '../record/nats-link.nats.js';
import { callNotFound, jsonOf, reasonOf } from './call-log.nats.js';

/** FreeSWITCH takes a command in milliseconds; digits are sent while the API has answered. */
const DEADLINE_MS = 5_000;
const LOOK_UP_MS = 3_000;

/** @throws DomainError call-not-found, call-ended, bridge-unavailable and what the bridge refuses with */
export async function hangUp(nats: NatsLink, request: HangupRequest): Promise<void> {
  refusedOrDone(
    await askBridge(nats, request, { name: 'call.hangup', schema: callControlAnswer, deadlineMs: DEADLINE_MS }),
  );
}

/** @throws DomainError as `hangUp` */
export async function sendDtmf(nats: NatsLink, request: DtmfRequest): Promise<void> {
  refusedOrDone(
    await askBridge(nats, request, { name: 'call.dtmf', schema: callControlAnswer, deadlineMs: DEADLINE_MS }),
  );
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
      schema: transferAnswer,
      deadlineMs: TRANSFER_DEADLINE_MS + 2_000,
    }),
  );
  switch (result.outcome) {
    case 'transferred':
      return result;
    case 'refused':
      throw new DomainError('transfer-refused', `The transfer was refused${statusOf(result)}. The call goes on.`, [], {
        transfer: result,
      });
    case 'indeterminate':
      throw new DomainError(
        'transfer-unconfirmed',
        'Nobody said in time what became of the transfer. The call goes on with the assistant unless the ' +
          'carrier has moved it; its log will tell.',
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

interface Asked<Schema extends z.ZodType> {
  name: Extract<BridgeRequest, `call.${string}`>;
  schema: Schema;
  deadlineMs: number;
}

async function askBridge<Schema extends z.ZodType>(
  nats: NatsLink,
  request: HangupRequest,
  { name, schema, deadlineMs }: Asked<Schema>,
): Promise<z.output<Schema>> {
  const bridge = await bridgeOf(nats, request);
  return withSpan(
    name,
    { kind: 'client', attributes: { 'call.id': request.call_id, 'bridge.id': bridge } },
    async () => {
      const unavailable = (why: string) =>
        new DomainError(
          'bridge-unavailable',
          `The bridge ${bridge}, which has the call, cannot be asked at this moment (${why}). Nothing is known ` +
            'to have been done: look at the call and try again.',
        );
      const reply = await nats
        .connection()
        .request(bridgeRequest(bridge, name), JSON.stringify(request), { timeout: deadlineMs })
        .catch((error: unknown) => {
          throw unavailable(reasonOf(error));
        });
      const answer = schema.safeParse(jsonOf(reply.data));
      if (!answer.success) throw unavailable('its answer was not understood');
      return answer.data;
    },
  );
}

const ENDS: ReadonlySet<string> = new Set<CallEvent['type']>(['CallEnded', 'CallRejected', 'CallRecordingStored']);
const lastEvent = z.object({ type: z.string(), data: z.object({ bridge_id: bridgeId }) });

/** Who has the call is in the last event of it. The subject names the organisation: another one's call is not found. */
async function bridgeOf(nats: NatsLink, { organization_id, call_id }: HangupRequest): Promise<string> {
  const found = await lastMessage(nats, callSubject(organization_id, call_id));
  const event = found === null ? undefined : lastEvent.safeParse(jsonOf(found.data)).data;
  if (event === undefined) throw callNotFound();
  if (ENDS.has(event.type)) throw new DomainError('call-ended', 'The call has ended.');
  return event.data.bridge_id;
}

async function lastMessage(nats: NatsLink, subject: string) {
  try {
    const manager = await jetstreamManager(nats.connection(), { checkAPI: false, timeout: LOOK_UP_MS });
    return await manager.streams.getMessage(CALLS_STREAM, { last_by_subj: subject });
  } catch (error) {
    throw new DomainError(
      'log-unavailable',
      `Where the call is cannot be looked up at this moment ` +
        `(${reasonOf(error, nats.connected() ? 'JetStream does not give it' : 'NATS is not reached')}). Nothing ` +
        `was done: try again in a few seconds.`,
    );
  }
}
