import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * For tests: an event socket that answers as the test specifies. The stand-in for a whole FreeSWITCH is in
 * libs/testkit.
 */
export interface ScriptedEventSocket {
  port: number;
  /** Every command, in order, of every connection. */
  commands: string[];
  sockets: Socket[];
  /** Writes a frame to the newest connection. */
  say(frame: string): void;
  stop(): Promise<void>;
}

export const reply = (text: string) => `Content-Type: command/reply\nReply-Text: ${text}\n\n`;
export const apiResponse = (body: string) =>
  `Content-Type: api/response\nContent-Length: ${Buffer.byteLength(body)}\n\n${body}`;
export const plainEvent = (headers: Record<string, string>) => {
  const body = `${Object.entries(headers)
    .map(([name, value]) => `${name}: ${encodeURIComponent(value)}`)
    .join('\n')}\n\n`;
  return `Content-Length: ${Buffer.byteLength(body)}\nContent-Type: text/event-plain\n\n${body}`;
};

/**
 * `answer` returns the frame for a command, or undefined to send nothing. Login and subscriptions succeed unless it
 * returns something else.
 */
export async function startScriptedEventSocket(
  answer: (command: string) => string | undefined,
  port = 0,
): Promise<ScriptedEventSocket> {
  const commands: string[] = [];
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write('Content-Type: auth/request\n\n');
    let pending = '';
    socket.on('data', (chunk) => {
      // FreeSWITCH skips empty lines before a command.
      pending = (pending + chunk.toString('utf8')).replace(/^\n+/, '');
      for (let end = pending.indexOf('\n\n'); end !== -1; end = pending.indexOf('\n\n')) {
        const command = pending.slice(0, end);
        pending = pending.slice(end + 2);
        commands.push(command);
        const frame = answer(command) ?? usual(command);
        if (frame !== undefined) socket.write(frame);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    commands,
    sockets,
    say: (frame) => {
      sockets.at(-1)?.write(frame);
    },
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function usual(command: string): string | undefined {
  if (command.startsWith('auth ')) return reply('+OK accepted');
  if (command.startsWith('event ')) return reply('+OK event listener enabled plain');
  if (command.startsWith('log ')) return reply('+OK log level 4 [4]');
  return undefined;
}
