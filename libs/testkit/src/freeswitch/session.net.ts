import type { Socket } from 'node:net';
import { startBackgroundJob, type RunApi } from './background-job.process.js';
import { EVENT_NAMES, type FiredEvent } from './events.process.js';
import { legsOf } from './leg.process.js';
import { sendMessage } from './message.js';
import type { LogLine, Switch } from './switch.process.js';
import {
  block,
  byteLength,
  commandReply,
  CommandReader,
  apiResponse,
  disconnectNotice,
  eventFrame,
  eventJsonFrame,
  type Command,
} from './wire.js';

/** One client of the event socket, whichever side connected. */
export class EventSocketSession {
  private readonly reader = new CommandReader();
  private chain: Promise<void> = Promise.resolve();
  private readonly names = new Set<string>();
  private readonly subclasses = new Set<string>();
  /** Of a channel's own events: those that were taken out again. */
  private readonly unwanted = new Set<string>();
  private readonly filters: [header: string, value: string][] = [];
  private json = false;
  private logLevel = -1;
  /** Events that came while a command ran: FreeSWITCH sends them after its reply. */
  private held: string[] | undefined;
  private readonly unlisten: (() => void)[];
  /** With `myevents`: that channel's events and no others, of every kind until `noevents`. */
  private own: string | undefined;
  private everyKind = false;
  ended = false;

  constructor(
    readonly freeswitch: Switch,
    readonly socket: Socket,
    readonly runApi: RunApi,
    private readonly special: (command: Command) => Promise<string | undefined> | string | undefined,
  ) {
    socket.setNoDelay(true);
    this.unlisten = [
      freeswitch.events.listen((event) => this.offer(event)),
      freeswitch.onLog((line) => this.offerLog(line)),
    ];
    socket.on('data', (chunk: Buffer) => {
      for (const command of this.reader.push(chunk.toString('utf8'))) this.take(command);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.end());
  }

  send(text: string): void {
    if (!this.ended && this.socket.writable) this.socket.write(text);
  }

  /** Says goodbye and closes. */
  close(more: Parameters<typeof disconnectNotice>[0] = []): void {
    this.send(disconnectNotice(more));
    this.socket.end();
    this.end();
  }

  private end(): void {
    this.ended = true;
    for (const unlisten of this.unlisten) unlisten();
  }

  private take(command: Command): void {
    this.chain = this.chain.then(async () => {
      if (this.ended) return;
      this.held = [];
      const reply = await this.answer(command);
      this.send(reply);
      for (const text of this.held) this.send(text);
      this.held = undefined;
      if (command.line === 'exit') this.close();
    });
  }

  private async answer(command: Command): Promise<string> {
    const special = await this.special(command);
    if (special !== undefined) return special;
    const [word = '', ...words] = command.line.split(' ');
    const rest = words.join(' ');
    const run = COMMANDS[word.toLowerCase()];
    return run === undefined || (rest === '' && NEEDS_ARGUMENT.has(word))
      ? commandReply('-ERR command not found')
      : run(this, rest, command);
  }

  subscribe(keywords: string, format: string): boolean {
    const words = keywords.split(/\s+/).filter((word) => word !== '');
    const custom = words.indexOf('CUSTOM');
    const plain = custom < 0 ? words : words.slice(0, custom);
    const known = plain.filter((word) => EVENT_NAMES.has(word.toUpperCase()));
    if (known.length === 0 && custom < 0) return false;
    this.json = format === 'json';
    for (const name of known) this.names.add(name.toUpperCase());
    for (const subclass of custom < 0 ? [] : words.slice(custom + 1)) this.subclasses.add(subclass);
    return true;
  }

  unsubscribe(keywords: string): void {
    for (const word of keywords.split(/\s+/)) {
      this.names.delete(word.toUpperCase());
      this.unwanted.add(word.toUpperCase());
      this.subclasses.delete(word);
    }
  }

  subscribeToOwn(uuid: string): void {
    this.own = uuid;
    this.everyKind = true;
  }

  unsubscribeAll(): void {
    this.everyKind = false;
    this.names.clear();
    this.subclasses.clear();
  }

  addFilter(header: string, value: string): void {
    this.filters.push([header, value]);
  }

  deleteFilter(header: string): void {
    if (header === 'all') this.filters.length = 0;
    else
      this.filters.splice(
        0,
        this.filters.length,
        ...this.filters.filter(([name]) => name.toLowerCase() !== header.toLowerCase()),
      );
  }

  set listensToLog(level: number) {
    this.logLevel = level;
  }

  /** `myevents` does not name CODEC. */
  private isOfTheCall(name: string): boolean {
    if (!this.everyKind || name === 'CODEC') return this.names.has(name);
    return name !== 'CHANNEL_DESTROY' && !this.unwanted.has(name);
  }

  private wants(event: FiredEvent): boolean {
    if (this.own !== undefined) return event.uuid === this.own && this.isOfTheCall(event.name);
    const subscribed =
      event.subclass === undefined
        ? this.names.has(event.name) || this.names.has('ALL')
        : this.subclasses.has(event.subclass) || this.names.has('ALL');
    if (!subscribed || this.filters.length === 0) return subscribed;
    return this.filters.some(([header, value]) =>
      event.headers.some(([name, held]) => name.toLowerCase() === header.toLowerCase() && held === value),
    );
  }

  private offer(event: FiredEvent): void {
    if (!this.wants(event)) return;
    this.deliver(this.json ? eventJsonFrame(event.headers, event.body) : eventFrame(event.text));
  }

  private offerLog(line: LogLine): void {
    if (line.level > this.logLevel) return;
    this.deliver(
      block([
        ['Content-Type', 'log/data'],
        ['Content-Length', String(byteLength(line.text))],
        ['Log-Level', String(line.level)],
        ['Text-Channel', '0'],
        ['Log-File', line.file],
        ['Log-Func', line.functionName],
        ['Log-Line', String(line.line)],
        ['User-Data', ''],
      ]) + line.text,
    );
  }

  private deliver(text: string): void {
    if (this.held === undefined) this.send(text);
    else this.held.push(text);
  }
}

type Run = (session: EventSocketSession, rest: string, command: Command) => string | Promise<string>;

const NEEDS_ARGUMENT = new Set(['api', 'bgapi']);

const COMMANDS: Record<string, Run> = {
  api: async (session, rest) => apiResponse(await session.runApi(session.freeswitch, rest)),
  bgapi: (session, rest, command) => {
    const job = startBackgroundJob(session, rest, command.headers.get('job-uuid'));
    return commandReply(`+OK Job-UUID: ${job}`, [['Job-UUID', job]]);
  },
  event: (session, rest) => {
    const [format = '', ...keywords] = rest.split(' ');
    const named = ['plain', 'json', 'xml'].includes(format);
    const ok = session.subscribe((named ? keywords : [format, ...keywords]).join(' '), named ? format : 'plain');
    return commandReply(ok ? `+OK event listener enabled ${named ? format : 'plain'}` : '-ERR no keywords supplied');
  },
  nixevent: (session, rest) => {
    session.unsubscribe(rest);
    return commandReply('+OK events nixed');
  },
  noevents: (session) => {
    session.unsubscribeAll();
    return commandReply('+OK no longer listening for events');
  },
  filter: (session, rest) => {
    const [header = '', ...values] = rest.split(' ');
    if (header === 'delete') {
      session.deleteFilter(values[0] ?? '');
      return commandReply(`+OK filter deleted. [${values[0] ?? ''}][${values.slice(1).join(' ')}]`);
    }
    session.addFilter(header, values.join(' '));
    return commandReply(`+OK filter added. [${header}]=[${values.join(' ')}]`);
  },
  log: (session, rest) => {
    const level = Number(rest === '' ? 7 : rest);
    session.listensToLog = level;
    return commandReply(`+OK log level ${level} [${level}]`);
  },
  nolog: (session) => {
    session.listensToLog = -1;
    return commandReply('+OK no longer logging');
  },
  linger: () => commandReply('-ERR not controlling a session'),
  nolinger: () => commandReply('-ERR not controlling a session'),
  divert_events: () => commandReply('-ERR not controlling a session.'),
  sendmsg: (session, rest, command) => {
    const leg = legsOf(session.freeswitch).get(rest);
    if (leg === undefined) return commandReply(`-ERR invalid session id [${rest}]`);
    setImmediate(() => {
      void sendMessage(leg, command);
    });
    return commandReply('+OK');
  },
  exit: () => commandReply('+OK bye'),
};
