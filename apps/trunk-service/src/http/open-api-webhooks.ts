import { callStatusBody } from '@trunkmesh/contracts/call-status.js';
import { notificationMessage } from '@trunkmesh/contracts/notification.js';
import { prewarmAnswer, prewarmBody } from '@trunkmesh/contracts/prewarm.js';
import type { z } from 'zod';
import type { Direction } from './open-api-components.js';

type SchemaOf = (schema: z.ZodType, direction: Direction) => object;

const header = (name: string, description: string) => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
});
const SIGNED = [
  header('webhook-id', 'The message. The same each time that it is sent again, so that it can be recognised.'),
  header('webhook-timestamp', 'When it was sent: seconds since 1970.'),
  header('webhook-signature', 'The signature by Standard Webhooks; absent where no `signing_secret` is set.'),
];

/** What is posted to the URLs of an organisation or a number: by a bridge, and notifications by trunk-service. */
export function webhooks(schemaOf: SchemaOf): object {
  const content = (schema: z.ZodType, direction: Direction) => ({
    'application/json': { schema: schemaOf(schema, direction) },
  });
  const refused = { description: 'Anything else counts as failed.' };
  return {
    callStatus: {
      post: {
        operationId: 'onCallStatus',
        tags: ['Webhooks'],
        security: [],
        summary: 'A call has a new status',
        description: 'To `status_url`, in order for each call, at least once, retried for 72 hours.',
        parameters: SIGNED,
        requestBody: { required: true, content: content(callStatusBody, 'output') },
        responses: { 200: { description: 'Taken. Any 2xx counts.' }, '4XX': refused },
      },
    },
    notification: {
      post: {
        operationId: 'onNotification',
        tags: ['Webhooks'],
        security: [],
        summary: 'A condition of a notification rule began or ended',
        description: 'To a webhook channel, at least once, tried again for some fifteen hours. Order is not kept.',
        parameters: SIGNED,
        requestBody: { required: true, content: content(notificationMessage, 'output') },
        responses: { 200: { description: 'Taken. Any 2xx counts.' }, '4XX': refused },
      },
    },
    prewarm: {
      post: {
        operationId: 'onPrewarm',
        tags: ['Webhooks'],
        security: [],
        summary: 'A call rings, and its media stream follows',
        description: 'To `prewarm_url`, once, without a retry; after 2 seconds the call goes on without an answer.',
        parameters: SIGNED,
        requestBody: { required: true, content: content(prewarmBody, 'output') },
        responses: {
          200: { description: 'Whether the platform prepared.', content: content(prewarmAnswer, 'output') },
          '4XX': refused,
        },
      },
    },
  };
}
