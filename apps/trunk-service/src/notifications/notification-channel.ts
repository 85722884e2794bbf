import { signingSecret } from '@trunkmesh/contracts/call-settings.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import { timestamp, uuid } from '@trunkmesh/contracts/scalar.js';
import { printable } from '@trunkmesh/contracts/trunk.js';
import { z } from 'zod';
import { recipientState } from './recipient.js';
import { callUrlProblem } from '../call-settings/call-url.js';
import type { AddressPolicy } from '../network/address-policy.js';

const name = printable(100).min(1).describe('Unique within the organisation.');
const url = z.string().min(1).max(2048);
const recipients = z
  .array(z.email().max(254))
  .min(1)
  .max(10)
  .describe('Who gets the e-mails, once each has confirmed its address with a code.');
const secret = signingSecret.describe(
  'Signs the messages (Standard Webhooks); without one we make one and show it once.',
);

export const channelBody = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('webhook').describe('A signed POST, by Standard Webhooks.'),
      name,
      url: url.describe('`http` or `https`; must not lead into a private network. It is not shown again.'),
      signing_secret: secret.optional(),
    }),
    z.strictObject({
      kind: z.literal('slack').describe('An incoming webhook of Slack, or of a service that is compatible with it.'),
      name,
      url: url.describe('The URL of the incoming webhook, which is a secret: it is not shown again.'),
    }),
    z.strictObject({
      kind: z.literal('email').describe("E-mail through the operator's mail server."),
      name,
      recipients,
    }),
  ])
  .meta({ id: 'NewNotificationChannel' });
export type ChannelBody = z.output<typeof channelBody>;

export const channelPatch = z
  .strictObject({
    name: name.optional(),
    enabled: z.boolean().optional().describe('False: no new messages go there.'),
    url: url.optional().describe('Of a webhook or Slack channel.'),
    recipients: recipients.optional().describe('Of an e-mail channel.'),
    signing_secret: secret
      .nullable()
      .optional()
      .describe('Of a webhook: the new secret; null: we make a new one and show it once.'),
  })
  .meta({ id: 'NotificationChannelPatch' });
export type ChannelPatch = z.output<typeof channelPatch>;

export const channelView = z
  .object({
    id: uuid.describe('The id.'),
    kind: z.enum(['webhook', 'slack', 'email']).describe('How messages are sent.'),
    name,
    enabled: z.boolean().describe('False: no new messages go there.'),
    host: z.string().nullable().describe('The host of the URL; null: e-mail. The URL itself may hold a secret.'),
    recipients: z.array(z.string()).nullable().describe('Who gets the e-mails; null: no e-mail channel.'),
    recipient_states: z
      .array(recipientState)
      .nullable()
      .describe('Which recipients have confirmed their address: only they get messages. null: no e-mail channel.'),
    has_signing_secret: z.boolean().describe('Whether messages are signed. The secret is shown once, when it is made.'),
    created_at: timestamp.describe('When it was made.'),
    updated_at: timestamp.describe('When it was last changed.'),
  })
  .meta({ id: 'NotificationChannel' });
export type ChannelView = z.infer<typeof channelView>;

export const channelWithSecret = channelView
  .extend({
    signing_secret: z
      .string()
      .nullable()
      .describe('The secret that was made for this channel, in this answer only; null: none was made.'),
  })
  .meta({ id: 'ChangedNotificationChannel' });

/** What a channel keeps sealed: its URL may hold a secret, and is one for Slack. */
export interface ChannelTarget {
  url: string;
  signing_secret: string | null;
}

export const CHANNELS_PER_ORGANIZATION = 20;

/** @throws DomainError invalid-request */
export function checkUrl(text: string, policy: AddressPolicy): string {
  const problem = callUrlProblem(text, 'http', policy);
  if (problem !== undefined)
    throw new DomainError('invalid-request', `The URL ${problem}.`, [{ pointer: '/url', message: problem }]);
  return text;
}

/** Which members a channel of the kind has, for a change. */
export const MEMBERS: Record<ChannelView['kind'], readonly (keyof ChannelPatch)[]> = {
  webhook: ['url', 'signing_secret'],
  slack: ['url'],
  email: ['recipients'],
};
