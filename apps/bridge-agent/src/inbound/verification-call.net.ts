import { setTimeout as sleep } from 'node:timers/promises';
import { verificationAnswer, type VerificationAnswer, type VerificationCall } from '@trunkmesh/contracts/address.js';
import { ADDRESS_VERIFY } from '@trunkmesh/contracts/subjects.js';
import { ask } from '@trunkmesh/requests/ask.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { EslHeaders } from '../esl/esl-frame.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { isAcknowledged, type AcknowledgementPorts } from './acknowledgement.net.js';
import { calls as callsMetric } from '../live/call-metrics.otel.js';
import type { Talk } from '../call/call-talk.net.js';
import type { InviteFacts } from '../live/invite-facts.js';
import { refuseCommands, type VerificationRefusal } from '../live/refusal.js';
import { leadsElsewhere, RETURN_TO_SOURCE } from './next-hop.js';
import { dialogOf, type DialogKey } from './sip-dialog.js';
import { enter, leave, noteRefused, type VerificationGuard } from './verification-guard.js';

/**
 * A call to a verification code. It is not a customer's call: it is not routed, recorded or billed, and takes no
 * channel of a trunk. It proves that the caller is at the source address, so that must be certain.
 */
export interface VerificationPorts extends AcknowledgementPorts {
  bridge: { id: string; pool: string };
  link: NatsLink;
  guard: VerificationGuard;
  /** Calls in progress, by FreeSWITCH's channel id. */
  talks: Map<string, Talk>;
  logger: Logger;
}

export interface Verifying {
  code: string;
  invite: InviteFacts;
  headers: EslHeaders;
}

const ASK_MS = 2_000;
const SETTLED_MS = 10_000;
/** Long enough to play it to the end. */
const THANKS_MS = 4_000;
const LAST_WORDS_MS = 1_000;
const CONFIRM_TRIES = 8;
/** Three rising notes. mod_dptools plays them; no other module is needed. */
export const GREETING = '%(300,60,523);%(300,60,659);%(700,0,784)|1';
/** How long it lasts, and a little more. */
export const GREETING_MS = 1_500;

const UNAVAILABLE: VerificationAnswer = { outcome: 'refused', reason: 'unavailable', message: '' };

export async function verificationCall(verifying: Verifying, talk: Talk, ports: VerificationPorts): Promise<void> {
  const {
    invite: { sourceAddress },
  } = verifying;
  if (!enter(ports.guard, sourceAddress, Date.now())) return refuse(talk, 'verification-busy');
  try {
    const dialog = dialogOf(verifying.headers);
    const answer = dialog === undefined ? undefined : await askAbout(verifying, 'arrived', ports);
    if (dialog !== undefined && answer?.outcome === 'accepted')
      return await accepted(verifying, { talk, dialog }, ports);
    const reason = answer?.outcome === 'refused' ? answer.reason : 'invalid-request';
    if (reason !== 'unavailable') noteRefused(ports.guard, sourceAddress, Date.now());
    await refuse(talk, reason === 'unavailable' ? 'verification-unavailable' : reason);
  } finally {
    leave(ports.guard, sourceAddress);
  }
}

async function accepted(
  verifying: Verifying,
  { talk, dialog }: { talk: Talk; dialog: DialogKey },
  ports: VerificationPorts,
): Promise<void> {
  const { callId } = verifying.invite;
  const over = { value: false };
  talk.onEnd(() => {
    over.value = true;
  });
  ports.talks.set(callId, talk);
  try {
    if (leadsElsewhere(verifying.headers)) for (const setting of RETURN_TO_SOURCE) talk.execute('set', setting);
    talk.execute('answer');
    talk.execute('gentones', GREETING);
    const proven = (await talk.settled(SETTLED_MS)) && (await isAcknowledged(dialog, talk, over, ports));
    callsMetric.add(1, { outcome: 'verification', reason: proven ? 'confirmed' : 'abandoned', decided_at: 'local' });
    const told = proven ? confirm(verifying, ports) : askAbout(verifying, 'abandoned', ports);
    await Promise.all([told, proven ? talk.ended(THANKS_MS) : undefined]);
  } finally {
    talk.hangUp('NORMAL_CLEARING');
    await talk.ended(SETTLED_MS);
    ports.talks.delete(callId);
  }
}

/** The agent is stopping: these calls cannot be confirmed any more. */
export async function endVerifications({ talks }: VerificationPorts): Promise<void> {
  await Promise.all(
    [...talks.values()].map((talk) => {
      talk.hangUp('NORMAL_CLEARING');
      return talk.ended(LAST_WORDS_MS);
    }),
  );
}

/** The caller has heard the success tone, so the confirmation must be delivered. */
async function confirm(verifying: Verifying, ports: VerificationPorts): Promise<void> {
  for (let attempt = 1; attempt <= CONFIRM_TRIES; attempt += 1) {
    const answer = await askAbout(verifying, 'confirmed', ports);
    if (answer.outcome === 'accepted') return;
    if (answer.reason !== 'unavailable') {
      ports.logger.warn(
        { call_id: verifying.invite.callId, reason: answer.reason },
        'verification call rejected after its answer',
      );
      return;
    }
    await sleep(Math.min(8_000, 250 * 2 ** attempt), undefined, { ref: false });
  }
  ports.logger.error(
    { call_id: verifying.invite.callId },
    'cannot report a verification call; the customer has to place it again',
  );
}

async function askAbout(
  verifying: Verifying,
  phase: VerificationCall['phase'],
  ports: VerificationPorts,
): Promise<VerificationAnswer> {
  try {
    return await ask(ports.link, {
      subject: ADDRESS_VERIFY,
      request: requestOf(verifying, phase, ports.bridge),
      reply: verificationAnswer,
      deadlineMs: ASK_MS,
      span: { name: 'address.verify', attributes: { 'call.id': verifying.invite.callId } },
    });
  } catch (error) {
    ports.logger.warn({ err: error, phase }, 'no usable reply about a verification call');
    return UNAVAILABLE;
  }
}

function requestOf(
  { code, invite, headers }: Verifying,
  phase: VerificationCall['phase'],
  bridge: VerificationPorts['bridge'],
): VerificationCall {
  const port = Number(headers.get('variable_sip_network_port'));
  return {
    phase,
    code,
    call_id: invite.callId,
    bridge_id: bridge.id,
    pool: bridge.pool,
    source_address: invite.sourceAddress,
    source_port: Number.isInteger(port) && port > 0 && port <= 65_535 ? port : null,
    transport: headers.get('variable_sip_via_protocol')?.slice(0, 16) || null,
    request_uri_user: invite.requestUriUser,
    to_user: invite.toUser,
    from_user: invite.fromUser,
    at: new Date().toISOString(),
  };
}

async function refuse(talk: Talk, reason: VerificationRefusal): Promise<void> {
  callsMetric.add(1, { outcome: 'refused', reason, decided_at: 'local' });
  talk.send(refuseCommands(reason));
  await talk.ended(SETTLED_MS);
}
