import { connect, type Socket } from 'node:net';
import { sendMessage } from './message.js';
import type { Leg } from './leg.process.js';
import type { RunApi } from './background-job.process.js';
import { EventSocketSession } from './session.net.js';
import { block, commandReply, percentEncode, type Command, type Headers } from './wire.js';

const PARK_MS = 20;

/**
 * The application `socket`: connects to the program that shall drive the call, and lets it. Settles when the program is
 * gone or the call is over; with the call still up, the dialplan goes on with its next action.
 */
export async function runCallSocket(leg: Leg, data: string, runApi: RunApi): Promise<void> {
  const [address = '', ...modes] = data.split(/\s+/);
  const [host = '', port = '8084'] = address.split(':');
  const { channel } = leg;
  channel.set('current_application_data', data);
  channel.set('current_application', 'socket');
  channel.set('socket_host', host);
  const socket = await open(host, Number(port));
  if (socket === undefined) {
    leg.freeswitch.log({
      level: 3,
      file: 'mod_event_socket.c',
      functionName: 'socket_function',
      line: 538,
      text: 'Socket Error!',
    });
    return;
  }
  leg.parking.at = { application: 'socket', data };
  await new Promise<void>((resolve) => {
    const controls = new CallControl(leg, socket, { full: modes.includes('full'), runApi });
    socket.once('close', () => {
      // The park ends with its program, an `echo` inside it does not (seen on 1.11.1: kill -9 of the program, and the
      // call went on until its caller hung up).
      if (leg.held && !channel.hungUp) return;
      // Nor does a program that never said `connect` end it: the caller gets no final answer, whoever listens there
      // later (seen on 1.11.3-dev).
      if (!controls.connected && !channel.hungUp) return;
      // The loop ends with the program, also the one that it went on to.
      if (!channel.hungUp) leg.parking.at = undefined;
      leg.parking.onLeft?.();
    });
    leg.parking.onLeft = resolve;
    leg.onReported = () => {
      controls.over();
    };
    setTimeout(() => {
      if (!channel.hungUp) leg.fire('CHANNEL_PARK');
    }, PARK_MS);
  });
}

function open(host: string, port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

/** The commands of a connection that controls a call, beside those of every connection. */
class CallControl {
  private readonly session: EventSocketSession;
  private lingerSeconds: number | undefined;
  /** The program has taken the call. */
  connected = false;

  constructor(
    private readonly leg: Leg,
    socket: Socket,
    private readonly options: { full: boolean; runApi: RunApi },
  ) {
    this.session = new EventSocketSession(leg.freeswitch, socket, options.runApi, (command) => this.answer(command));
  }

  private answer(command: Command): string | undefined {
    const [word = '', argument] = command.line.split(' ');
    return this.commands[word.toLowerCase()]?.(argument, command);
  }

  private readonly commands: Record<string, (argument: string | undefined, command: Command) => string | undefined> = {
    connect: () => {
      this.connected = true;
      return this.describe();
    },
    linger: (argument) => this.linger(argument),
    nolinger: () => {
      this.lingerSeconds = undefined;
      return commandReply('+OK will not linger');
    },
    myevents: () => {
      this.session.subscribeToOwn(this.leg.uuid);
      return commandReply('+OK Events Enabled');
    },
    divert_events: () => commandReply('+OK'),
    resume: () => commandReply('+OK'),
    // Of a variable that is not set FreeSWITCH says just this.
    getvar: (argument) => commandReply(this.leg.channel.variables.get(argument ?? '') ?? '-ERR command not found'),
    sendmsg: (argument, command) => this.message(command, argument),
  };

  private describe(): string {
    const { leg } = this;
    const event = leg.freeswitch.events.make('CHANNEL_DATA', leg.channel.headers({ data: true }));
    const encoded: Headers = event.headers.map(([name, value]) => [name, percentEncode(value)] as const);
    return block([
      ...encoded,
      ['Content-Type', 'command/reply'],
      ['Reply-Text', percentEncode('+OK\n')],
      ['Socket-Mode', 'async'],
      ['Control', this.options.full ? 'full' : 'single-channel'],
    ]);
  }

  private linger(argument: string | undefined): string {
    this.lingerSeconds = argument === undefined ? Number.POSITIVE_INFINITY : Number(argument);
    return commandReply(argument === undefined ? '+OK will linger' : `+OK will linger ${argument} seconds`);
  }

  private message(command: Command, uuid: string | undefined): string | undefined {
    if (uuid !== undefined && uuid !== this.leg.uuid) return undefined;
    setImmediate(() => {
      void sendMessage(this.leg, command);
    });
    return commandReply('+OK');
  }

  /** The call has ended: the connection lingers for the requested time, so that the last event arrives. */
  over(): void {
    const { leg, lingerSeconds, session } = this;
    const controlled: Headers = [['Controlled-Session-UUID', leg.uuid]];
    if (lingerSeconds === undefined) return session.close([...controlled, ['Content-Disposition', 'disconnect']]);
    session.send(
      block([
        ['Content-Type', 'text/disconnect-notice'],
        ...controlled,
        ['Content-Disposition', 'linger'],
        ['Channel-Name', leg.channel.start.name],
        ['Linger-Time', String(lingerSeconds === Number.POSITIVE_INFINITY ? 0 : lingerSeconds)],
        ['Content-Length', '0'],
      ]),
    );
    if (lingerSeconds === Number.POSITIVE_INFINITY) return;
    setTimeout(() => {
      if (!session.ended) session.close([...controlled, ['Content-Disposition', 'disconnect']]);
    }, lingerSeconds * 1000).unref();
  }
}
