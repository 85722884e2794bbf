import type { CallSettings } from '@trunkmesh/contracts/call-settings.js';
import type { AssistantSettings } from './assistant-settings.js';

/** What is set for a call's organisation and number, each with the id that its secret is bound to. */
export interface CustomerSettings {
  organization: { id: string; settings: CallSettings };
  number: { id: string; settings: CallSettings } | undefined;
}

/** A secret: the operator's in plain text, a customer's sealed and bound to its entity. */
export type HeldSecret = { plain: string } | { sealed: string; boundTo: string };

/** An endpoint for something of the call. */
export interface Destination {
  url: string;
  secret: HeldSecret | undefined;
  /** The URL may resolve to a private address. */
  allowPrivate: boolean;
}

/** How one call is treated. */
export interface CallTreatment {
  media: Destination | undefined;
  prewarm: Destination | undefined;
  status: Destination | undefined;
  answerDeadlineMs: number;
  maxCallSeconds: number;
  record: boolean;
}

/**
 * The number's settings go before the organisation's, and those before the operator's. A URL is signed with the secret
 * of the party that set it: the operator's signature never goes to a customer's server, which could send it on to the
 * operator's server as if it came from us.
 */
export function callTreatment({ organization, number }: CustomerSettings, mesh: AssistantSettings): CallTreatment {
  const own: CallSettings = { ...organization.settings, ...number?.settings };
  const secret = secretOf(number) ?? secretOf(organization);
  const destination = (customers: string | undefined, operators: string | undefined): Destination | undefined => {
    if (customers !== undefined) return { url: customers, secret, allowPrivate: mesh.allowPrivateUrls };
    if (operators === undefined) return undefined;
    return {
      url: operators,
      secret: mesh.streamSecret === undefined ? undefined : { plain: mesh.streamSecret },
      allowPrivate: true,
    };
  };
  return {
    media: destination(own.media_url, mesh.mediaUrl),
    prewarm: destination(own.prewarm_url, mesh.prewarmUrl),
    status: destination(own.status_url, mesh.statusUrl),
    answerDeadlineMs: own.answer_deadline_ms ?? mesh.answerDeadlineMs,
    maxCallSeconds: own.max_call_seconds ?? mesh.maxCallSeconds,
    record: own.record ?? mesh.record,
  };
}

function secretOf(level: CustomerSettings['number']): HeldSecret | undefined {
  const sealed = level?.settings.signing_secret;
  return level === undefined || sealed === undefined ? undefined : { sealed, boundTo: level.id };
}
