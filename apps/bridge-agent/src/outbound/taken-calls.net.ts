import type { CallStarted } from '@trunkmesh/contracts/call.js';
import type {
  ContinuedCall,
  OriginateAnswer,
  OriginateRefusal,
  OriginateRequest,
} from '@trunkmesh/contracts/outbound-call.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { CallParts } from '../call/call-parts.net.js';
import { continuedEvent } from '../call-record/continued-event.js';
import { claimUntilKnown } from '../call-record/last-event.nats.js';
import { createStory, partSince } from '../live/call-story.js';
import type { CustomerSettings } from '../route/call-treatment.js';
import { storySoFar, type OutboundCall } from './outbound-call.net.js';

export const refused = (code: OriginateRefusal, message: string) => ({ outcome: 'refused' as const, code, message });
export const ACCEPTED: OriginateAnswer = { outcome: 'accepted' };

export type ContinuedRequest = OriginateRequest & { continued: ContinuedCall };

export interface TakingPorts extends Pick<CallParts, 'callRecords' | 'statuses' | 'newId'> {
  link: NatsLink;
  held: (callId: string) => OutboundCall | undefined;
  /** This bridge has the call, or had it last. */
  knows: (callId: string) => boolean;
  settingsOf: (request: OriginateRequest) => CustomerSettings | ReturnType<typeof refused>;
  startedOf: (request: OriginateRequest, at: Date) => CallStarted;
  begin: (request: OriginateRequest, started: CallStarted, settings: CustomerSettings) => Promise<OriginateAnswer>;
}

/** A call that comes back is given away within moments. */
const GIVEN_AWAY_MS = 2_000;

/** Calls that another bridge began: this one has a call once it has written the call's next event. */
export class TakenCalls {
  private readonly taking = new Map<string, Promise<OriginateAnswer>>();

  constructor(private readonly ports: TakingPorts) {}

  /** A repeated request waits for the answer to the first. */
  take(request: ContinuedRequest): Promise<OriginateAnswer> {
    const key = `${request.call_id} ${request.continued.after}`;
    const taking =
      this.taking.get(key) ??
      this.takeOnce(request).finally(() => {
        this.taking.delete(key);
      });
    this.taking.set(key, taking);
    return taking;
  }

  private async takeOnce(request: ContinuedRequest): Promise<OriginateAnswer> {
    const { call_id: callId, continued } = request;
    const { held, callRecords, knows, settingsOf, startedOf } = this.ports;
    if (held(callId)?.request.continued?.after === continued.after) return ACCEPTED;
    await held(callId)?.channel.ended(GIVEN_AWAY_MS);
    if (held(callId) !== undefined || callRecords.handed.isDoubtful(callId))
      return refused('settings-not-known', 'The bridge does not know yet whether it has this call. Nothing was done.');
    if (knows(callId)) return ACCEPTED;
    const settings = settingsOf(request);
    if ('outcome' in settings) return settings;
    const started = startedOf(request, new Date(continued.started_at));
    return (await this.claim(request, started)) ?? this.ports.begin(request, started, settings);
  }

  /** Why the call is not of this bridge; undefined: it is. */
  private async claim(request: ContinuedRequest, started: CallStarted) {
    const { call_id, organization_id, number_id, continued } = request;
    const { callRecords, statuses, newId, link } = this.ports;
    const event = continuedEvent(started, continued, { id: newId(), at: new Date() });
    const story = partSince({ ...createStory(), ...storySoFar(continued) }, 0);
    try {
      await callRecords.handed.prepare(started, event, story);
    } catch {
      return refused('call-not-recordable', 'The disk of this bridge cannot record the call. Ask another one.');
    }
    // Before it is of this bridge: if this process is killed, the next one numbers its statuses on.
    const { statuses: elsewhere } = continued;
    await statuses.follow({ call_id, organization_id, number_id, timestamp: event.time, elsewhere });
    // An answer before that is certain could have two bridges with the call, or none.
    if ((await claimUntilKnown(link, event, continued.after)) === 'overtaken') {
      await callRecords.handed.forget(call_id);
      return refused('continued-elsewhere', 'The call went on elsewhere. Nothing was done.');
    }
    return undefined;
  }
}
