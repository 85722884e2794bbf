import type { Unanswered, UnansweredReason } from '@trunkmesh/requests/unanswered.js';

const SENTENCES: Readonly<Record<UnansweredReason, (service: string) => string>> = {
  'connection-down': (service) => `NATS is unreachable, so ${service} cannot be asked.`,
  'no-responders': (service) => `${capitalized(service)} is not running or not ready.`,
  'timed-out': (service) => `${capitalized(service)} did not answer in time.`,
  'malformed-reply': (service) =>
    `${capitalized(service)} sent a reply that trunk-service does not understand: check that both run the same ` +
    'version.',
};

/** What happened to a request without a usable reply, as one sentence. */
export const unansweredText = (service: string, { reason }: Unanswered): string => SENTENCES[reason](service);

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
