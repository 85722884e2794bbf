import { connect, type Socket } from 'node:net';
import type { Frame } from './recording.js';

/**
 * A plain client of the event socket, for tests: sends commands as they are and keeps every frame in the order of
 * arrival.
 */
export class EslClient {
  readonly frames: Frame[] = [];
  private text = '';
  closed = false;

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1');
      this.cut();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
  }

  static async connect(port: number): Promise<EslClient> {
    const socket = connect({ port, host: '127.0.0.1' });
    const client = new EslClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  send(command: string): void {
    this.socket.write(`${command}\n\n`);
  }

  close(): void {
    this.socket.destroy();
  }

  private cut(): void {
    for (let end = this.text.indexOf('\n\n'); end >= 0; end = this.text.indexOf('\n\n')) {
      const headers = parse(this.text.slice(0, end));
      const value = (name: string) => headers.find(([key]) => key === name)?.[1];
      const answer = value('Event-Name') !== undefined;
      const length = answer ? 0 : Number(value('Content-Length') ?? 0);
      if (this.text.length < end + 2 + length) return;
      const body = this.text.slice(end + 2, end + 2 + length);
      this.text = this.text.slice(end + 2 + length);
      this.frames.push(frameOf(headers, body, answer));
    }
  }
}

function frameOf(headers: [string, string][], body: string, answer: boolean): Frame {
  if (answer) return { headers: [['Content-Type', 'command/reply']], event: headers };
  const type = headers.find(([name]) => name === 'Content-Type')?.[1];
  if (type !== 'text/event-plain')
    return { headers, ...(headers.some(([name]) => name === 'Content-Length') ? { body } : {}) };
  const end = body.indexOf('\n\n');
  const event = parse(body.slice(0, end));
  const inner = body.slice(end + 2);
  return { headers, event, ...(inner === '' ? {} : { body: inner }) };
}

function parse(text: string): [string, string][] {
  return text
    .replace(/^\n+/, '')
    .split('\n')
    .map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as [string, string];
    });
}
