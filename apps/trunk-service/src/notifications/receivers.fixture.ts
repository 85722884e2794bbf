import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface Posted {
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
}

/** A tiny HTTP receiver; `answer` gives the status, undefined: it never answers. */
export async function startReceiver(answer: (posted: Posted) => number | undefined = () => 204) {
  const posts: Posted[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const posted = { path: request.url ?? '', headers: request.headers, text: Buffer.concat(parts).toString() };
      posts.push(posted);
      const status = answer(posted);
      if (status !== undefined) response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    posts,
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export interface Mailed {
  from: string;
  to: string[];
  text: string;
}

/** A tiny SMTP receiver; it refuses recipients whose address begins with `refused`. */
export async function startMailbox() {
  const mails: Mailed[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    onRcptTo: ({ address }, _session, done) => {
      const refused = Object.assign(new Error('no such mailbox'), { responseCode: 550 });
      done(address.startsWith('refused') ? refused : null);
    },
    onData: (stream, { envelope }, done) => {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), text: Buffer.concat(parts).toString() });
        done(null);
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return { url: `smtp://127.0.0.1:${port}`, mails, stop: () => new Promise<void>((resolve) => server.close(resolve)) };
}
