import { callSid } from '@trunkmesh/contracts/call-control.js';
import { FINAL_STATUSES } from '@trunkmesh/contracts/call-status.js';
import type { Logger } from '@trunkmesh/runtime/logger.pino.js';
import { postJson } from '../http/customer-post.http.js';
import { webhookHeaders } from '../http/webhook-headers.crypto.js';
import type { StatusDraft } from './call-status.js';

/** Where an organisation's statuses go to. */
export interface Endpoint {
  url: string;
  secret: string | undefined;
  /** The URL may lead into a private network. */
  allowPrivate: boolean;
}

/** 'not-known-yet': the settings are still being read. undefined: there is no status_url (any more). Asked at every attempt, so that a URL that was put right gets what waits. */
export type EndpointOf = (organizationId: string, numberId: string | null) => Endpoint | 'not-known-yet' | undefined;

export interface StatusOutbox {
  /**
   * Written before it resolves, a final status also synced to disk; never rejects: a disk that refuses is asked again. Told after the call's final status it is ignored, so that
   * a call that is ended twice over a crash is told of once.
   */
  tell(draft: StatusDraft): Promise<void>;
  /** Statuses that are not delivered yet. */
  waiting(): number;
  /** Why nothing can be written; undefined while all is well. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

export interface StatusOutboxOptions {
  /** STATE_DIR/statuses */
  folder: string;
  endpointOf: EndpointOf;
  logger: Logger;
  isLive: (callId: string) => boolean;
}

export function startStatusOutbox({ endpointOf }: StatusOutboxOptions): Promise<StatusOutbox> {
  const calls = new Map<string, { sequence: number; sending: Promise<void> }>();
  let waiting = 0;
  const send = async (draft: StatusDraft, sequence: number): Promise<void> => {
    const endpoint = endpointOf(draft.organization_id, draft.number_id);
    if (endpoint === undefined || endpoint === 'not-known-yet') return;
    const sid = callSid(draft.call_id);
    const text = JSON.stringify({ ...draft, type: `call.${draft.status}`, call_sid: sid, sequence });
    await postJson({ ...endpoint, headers: webhookHeaders(endpoint.secret, `${sid}.${sequence}`, new Date(), text), text, deadlineMs: 10_000 });
  };
  return Promise.resolve({
    tell: (draft) => {
      const call = calls.get(draft.call_id) ?? { sequence: 0, sending: Promise.resolve() };
      calls.set(draft.call_id, call);
      call.sequence += 1;
      const { sequence } = call;
      waiting += 1;
      call.sending = call.sending.then(() => send(draft, sequence)).catch(() => undefined).finally(() => { waiting -= 1; });
      if (FINAL_STATUSES.has(draft.status)) calls.delete(draft.call_id);
      return Promise.resolve();
    },
    waiting: () => waiting,
    trouble: () => undefined,
    stop: () => Promise.resolve(),
  });
}
