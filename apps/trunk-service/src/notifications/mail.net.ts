import { createHash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { AttemptOutcome } from './delivery.js';

/** `unsubscribeUrl`: null where the installation has no public URL. */
export interface MailRecipient {
  address: string;
  unsubscribeUrl: string | null;
}

/** Each recipient gets a message of its own: its unsubscribe link is nobody else's. */
export interface Mail {
  id: string;
  recipients: readonly MailRecipient[];
  subject: string;
  text: string;
}

export interface MailServer {
  send(mail: Mail): Promise<AttemptOutcome>;
  close(): void;
}

const CONNECT_MS = 10_000;
const SILENCE_MS = 15_000;
const DEADLINE_MS = 40_000;

/** The operator's mail server. `url` may have a user and a password, which no error repeats. */
export function mailServer(url: string, from: string, deadlineMs = DEADLINE_MS): MailServer {
  const transport = createTransport({
    url,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = /@([A-Za-z\d.-]+)/.exec(from)?.[1] ?? 'trunkmesh.invalid';
  return {
    send: async ({ id, recipients, subject, text }) => {
      // A server that answers a byte at a time is never silent. The abort also closes the connection.
      const signal = AbortSignal.timeout(deadlineMs);
      const outcomes: AttemptOutcome[] = [];
      for (const recipient of recipients) {
        // The same for every attempt: a mail program shows a repeated message once.
        const messageId = `<${id}.${hashOf(recipient.address)}@${domain}>`;
        const mail = { from, subject, messageId, signal, ...addressed(text, recipient) };
        outcomes.push(
          await transport.sendMail(mail).then(
            () => ({ ok: true }) as const,
            (error: unknown) => (signal.aborted ? late(deadlineMs) : failureOf(error)),
          ),
        );
      }
      return together(outcomes);
    },
    close: () => transport.close(),
  };
}

const hashOf = (address: string): string =>
  createHash('sha256').update(address.toLowerCase()).digest('hex').slice(0, 12);

const late = (deadlineMs: number): AttemptOutcome => ({
  ok: false,
  error: `the mail server did not take the message within ${deadlineMs / 1000} s`,
});

/** With the link, and the headers by which a mail program offers it (RFC 2369; RFC 8058 asks for https). */
function addressed(text: string, { address, unsubscribeUrl: url }: MailRecipient) {
  const to = { name: '', address };
  if (url === null) return { to, text };
  const oneClick = url.startsWith('https:') ? { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' } : {};
  return {
    to,
    text: `${text}\nTo get no more e-mail of this organisation, unsubscribe:\n${url}\n`,
    headers: { 'List-Unsubscribe': `<${url}>`, ...oneClick },
  };
}

/**
 * Of all recipients. Whom the server refuses is left out if it took the message for another; what may pass is tried
 * again, for all.
 */
export function together(outcomes: readonly AttemptOutcome[]): AttemptOutcome {
  const failures = outcomes.filter((outcome) => !outcome.ok);
  const isTaken = failures.length < outcomes.length;
  return failures.find(({ final }) => final !== true) ?? (isTaken ? { ok: true } : failures[0]!);
}

/** The server's own words may repeat an address or a user name: only their code is kept. */
function failureOf(error: unknown): AttemptOutcome {
  const { code = 'unknown', responseCode } = error as { code?: string; responseCode?: number };
  const answered = responseCode === undefined ? '' : `, SMTP status ${responseCode}`;
  const refused = code === 'EENVELOPE' && responseCode !== undefined && responseCode >= 500;
  return { ok: false, error: `the mail server did not take the message: ${code}${answered}`, final: refused };
}
