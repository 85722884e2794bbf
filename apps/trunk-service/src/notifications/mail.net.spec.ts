import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { AttemptOutcome } from './delivery.js';
import { mailServer, together } from './mail.net.js';

const open = new Set<Socket>();
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** An SMTP server that takes a message up to a command and then answers `after` again and again, without an end. */
async function stuckServer(at: 'DATA' | '.', after: string): Promise<string> {
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    socket.write('220 mail.example.com ESMTP\r\n');
    socket.on('data', (bytes: Buffer) => {
      const text = bytes.toString();
      if (at === 'DATA' ? text.startsWith('DATA') : text.endsWith('\r\n.\r\n')) {
        const dripping = setInterval(() => socket.write(after), 20);
        socket.on('close', () => clearInterval(dripping));
      } else socket.write(text.startsWith('DATA') ? '354 go on\r\n' : '250 ok\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it.each<['DATA' | '.', string]>([
  ['DATA', '354-'],
  ['.', '2'],
  ['.', ''],
])('a mail server that hangs at %s (%j) is given up after the deadline, its connection closed', async (at, after) => {
  const mail = mailServer(await stuckServer(at, after), 'alerts@example.com', 400);
  const outcome = await mail.send({
    id: '1',
    recipients: [{ address: 'a@example.com', unsubscribeUrl: null }],
    subject: 'x',
    text: 'y',
  });
  expect(outcome).toEqual({ ok: false, error: 'the mail server did not take the message within 0.4 s' });
  await eventually(() => open.size === 0, { message: 'the connection to be closed' });
  mail.close();
});

const passing: AttemptOutcome = { ok: false, error: 'ECONNECTION' };
const refused: AttemptOutcome = { ok: false, error: 'EENVELOPE', final: true };
it.each<[AttemptOutcome[], AttemptOutcome]>([
  [[{ ok: true }, { ok: true }], { ok: true }],
  [[{ ok: true }, refused], { ok: true }],
  [[refused, refused], refused],
  [[{ ok: true }, passing], passing],
  [[refused, passing], passing],
])('a message to several recipients, %j, counts as %j', (outcomes, outcome) =>
  expect(together(outcomes)).toEqual(outcome),
);
