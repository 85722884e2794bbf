import { createTransport } from 'nodemailer';
import type { AttemptOutcome } from './delivery.js';

export interface Mail {
  id: string;
  recipients: readonly string[];
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
      const mail = {
        from,
        to: recipients.map((address) => ({ name: '', address })),
        subject,
        text,
        // The same for every attempt: a mail program shows a repeated message once.
        messageId: `<${id}@${domain}>`,
        signal,
      };
      try {
        await transport.sendMail(mail);
        return { ok: true };
      } catch (error) {
        if (!signal.aborted) return failureOf(error);
        return { ok: false, error: `the mail server did not take the message within ${deadlineMs / 1000} s` };
      }
    },
    close: () => transport.close(),
  };
}

/** The server's own words may repeat an address or a user name: only their code is kept. */
function failureOf(error: unknown): AttemptOutcome {
  const { code = 'unknown', responseCode } = error as { code?: string; responseCode?: number };
  const answered = responseCode === undefined ? '' : `, SMTP status ${responseCode}`;
  const refused = code === 'EENVELOPE' && responseCode !== undefined && responseCode >= 500;
  return { ok: false, error: `the mail server did not take the message: ${code}${answered}`, final: refused };
}
