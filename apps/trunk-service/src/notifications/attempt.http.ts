import { postJson } from '@trunkmesh/runtime/customer-post.http.js';
import type { KeyRing } from '@trunkmesh/runtime/key-ring.js';
import type { PostFailure, PostOutcome } from '@trunkmesh/runtime/post-outcome.js';
import { webhookHeaders } from '@trunkmesh/runtime/webhook-headers.js';
import { targetOf } from './channels.pg.js';
import type { AttemptOutcome } from './delivery.js';
import type { MailRecipient, MailServer } from './mail.net.js';
import { emailOf, slackOf } from './notification-message.js';
import type { DueDelivery } from './outbox.pg.js';

export interface Means {
  ring: KeyRing;
  allowPrivate: boolean;
  /** Undefined: the installation sends no e-mail. */
  mail: MailServer | undefined;
  /** The channel's recipients that may get messages. */
  confirmed: (delivery: DueDelivery) => Promise<MailRecipient[]>;
}

const DEADLINE_MS = 10_000;
const GONE = 410;

/** One attempt to deliver a message. Never rejects. */
export async function attempt(delivery: DueDelivery, means: Means): Promise<AttemptOutcome> {
  const { channel } = delivery;
  if (channel === null) return { ok: false, error: 'the channel was deleted', final: true };
  try {
    return channel.kind === 'email' ? await byMail(delivery, means) : await byPost(delivery, channel, means);
  } catch {
    if (channel.kind === 'email') return { ok: false, error: 'the recipients could not be read from the database' };
    // A secret under a key that is gone: what the error says may hold a part of it.
    return { ok: false, error: "the channel's URL cannot be decrypted: set it again", final: true };
  }
}

async function byMail(delivery: DueDelivery, { mail, confirmed }: Means): Promise<AttemptOutcome> {
  if (mail === undefined) return { ok: false, error: 'this installation sends no e-mail: SMTP_URL is not set' };
  const recipients = await confirmed(delivery);
  if (recipients.length === 0)
    return {
      ok: false,
      error: 'every recipient has still to confirm its address with the code that was sent to it, or has unsubscribed',
    };
  return mail.send({ id: delivery.id, recipients, ...emailOf(delivery.message) });
}

async function byPost(
  { id, message }: DueDelivery,
  channel: NonNullable<DueDelivery['channel']>,
  { ring, allowPrivate }: Means,
): Promise<AttemptOutcome> {
  const { url, signing_secret } = targetOf(ring, channel)!;
  const text = JSON.stringify(channel.kind === 'slack' ? slackOf(message) : message);
  const headers = channel.kind === 'slack' ? {} : webhookHeaders(signing_secret ?? undefined, id, new Date(), text);
  return outcomeOf(await postJson({ url, headers, text, deadlineMs: DEADLINE_MS, allowPrivate }));
}

const FAILURES: Record<PostFailure, string> = {
  'invalid-url': 'the URL is not usable',
  'private-address': 'the host leads into a private network',
  unreachable: 'the host could not be reached',
  tls: 'the TLS connection failed',
  timeout: 'no answer within 10 s',
  aborted: 'the attempt was given up',
};

function outcomeOf(outcome: PostOutcome): AttemptOutcome {
  if (outcome.outcome === 'failed') return { ok: false, error: `${FAILURES[outcome.why]} (${outcome.detail})` };
  const { status, retryAfterMs } = outcome;
  if (status >= 200 && status < 300) return { ok: true };
  return {
    ok: false,
    error: `the receiver answered ${status}`,
    final: status === GONE,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}
