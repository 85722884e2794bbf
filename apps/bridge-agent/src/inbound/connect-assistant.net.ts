import { AUDIO_ENDS } from '@trunkmesh/contracts/audio.js';
import { CallAssistant, type AssistantPorts, type AssistedCall } from '../call/call-assistant.net.js';
import type { Talk } from '../call/call-talk.net.js';
import type { Route } from '../live/call-events.js';
import { note } from '../live/call-story.js';
import type { LiveCalls } from '../live/live-calls.net.js';
import { refuseCommands, refusedHere } from '../live/refusal.js';

export interface Connecting extends Omit<AssistedCall, 'organizationId' | 'target'> {
  route: Route;
  live: Pick<LiveCalls, 'refused' | 'reached'>;
}

/**
 * Rings while the assistant is prewarmed and connected, and answers only once it listens: nobody pays for silence.
 * Resolves when the answer or the refusal is sent; the conversation continues until one of the two ends it.
 */
export async function connectToAssistant(call: Connecting, talk: Talk, ports: AssistantPorts): Promise<void> {
  const { started, route, conversation, live } = call;
  const { call_id: callId } = started.data;
  talk.execute('ring_ready');
  live.reached(callId, 'ringing', new Date());
  const assistant = new CallAssistant(
    { ...call, organizationId: route.organization_id, target: route.target },
    talk,
    ports,
  );
  const outcome = await assistant.connect();
  if (assistant.over.aborted) return;
  if (outcome.outcome === 'failed') {
    note(conversation.story, new Date(), 'stream-failed', `${outcome.reason}: ${outcome.detail}`);
    live.refused(
      callId,
      refusedHere(route, 'assistant-unavailable', `Refused: ${AUDIO_ENDS[outcome.reason].text} (${outcome.reason}).`),
    );
    return talk.send(refuseCommands('assistant-unavailable'));
  }
  talk.onAnswered(({ headers }) => assistant.converse(outcome.unicast, headers, talk));
  talk.execute('answer');
}
