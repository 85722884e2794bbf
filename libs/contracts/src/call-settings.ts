import { z } from 'zod';
import { sealed } from './trunk.js';

/**
 * Where an organisation's assistants are and how its calls are treated. Each of them is looked for at the number, then
 * at its organisation, then in the bridge-agent's environment; a member that is not there is not set at that level.
 * `signing_secret` signs what goes to the URLs of its own organisation or number; the environment's URLs are signed
 * with the environment's secret.
 */
export const callSettings = z
  .object({
    media_url: z.string().max(2048).describe("`ws` or `wss`: the assistant's end of the media stream."),
    prewarm_url: z
      .string()
      .max(2048)
      .describe('`http` or `https`: informed of a call while it rings, so that the assistant can prepare.'),
    status_url: z.string().max(2048).describe("`http` or `https`: informed of every change of a call's status."),
    signing_secret: sealed.describe('Signs media streams, prewarm requests and call statuses.'),
    answer_deadline_ms: z
      .number()
      .int()
      .min(500)
      .max(60_000)
      .describe(
        'How long the assistant may take to connect its stream, milliseconds; a call whose assistant ' +
          'takes longer is refused with 503.',
      ),
    max_call_seconds: z
      .number()
      .int()
      .min(1)
      .max(86_400)
      .describe('A call is ended this many seconds after its answer.'),
    record: z.boolean().describe('Record the answered call: stereo, the caller on the left.'),
    keep_sip_messages: z
      .boolean()
      .describe('Keep the SIP messages of calls and, at the organisation, of registrations, without credentials.'),
  })
  .partial();
export type CallSettings = z.infer<typeof callSettings>;

/** As an operator or a customer writes it: 16 characters or more, or `whsec_` and base64 (Standard Webhooks). */
export const signingSecret = z
  .string()
  .max(512)
  .regex(
    /^(?!whsec_).{16,}|^whsec_(?:[A-Za-z\d+/]{4})+(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/,
    'must have at least 16 characters, or be whsec_ and base64',
  );

/**
 * A URL that call statuses are posted to or that calls are connected to. It may hold a secret. User name and password
 * before the host are refused, because `fetch` and browsers do so; a fragment never reaches a server.
 */
export const callUrl = (protocol: 'ws' | 'http') =>
  z
    .url({
      protocol: protocol === 'ws' ? /^wss?$/ : /^https?$/,
      error: `must be a URL that begins with ${protocol}:// or ${protocol}s://`,
    })
    .max(2048)
    .refine(
      (url) => !/^[a-z]+:\/\/[^/?#]*@/i.test(url) && !url.includes('#'),
      'must have neither a user name and password nor a fragment',
    );
