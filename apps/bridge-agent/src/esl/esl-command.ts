/**
 * Every command that we send is built here, and every value in it is checked. A newline ends a command: what follows it
 * would be read as further headers or as the next command (FACTS, "Outbound calls"), so a caller's number or a
 * customer's setting could run anything that FreeSWITCH's API can.
 */

/** The text of one command without its terminating empty line. Only this file creates one. */
export type EslCommand = string & { readonly brand: unique symbol };

export class UnsafeEslValue extends TypeError {
  /** The message does not contain the value: it may be a secret, and it comes from outside. */
  constructor(readonly what: string) {
    super(`${what} holds a character that must not reach the event socket`);
    this.name = 'UnsafeEslValue';
  }
}

/* eslint-disable-next-line no-control-regex -- control characters are exactly what must not pass */
const CONTROL = /[\u0000-\u001f\u007f\u0085\u2028\u2029]/;
/**
 * Characters that end a value, a variable or a leg in a dial string, or that FreeSWITCH expands (`${…}`, `^^` sets
 * another separator, `\` escapes).
 */
const DIAL_STRING = /[,{}[\]<>'"|^\\$`]/;

function line(what: string, value: string): string {
  if (CONTROL.test(value)) throw new UnsafeEslValue(what);
  return value;
}

const command = (text: string) => text as EslCommand;

/**
 * A value for a dial string or `{…}` variables: no control characters, no characters with a meaning in dial strings,
 * and no space, which ends an API argument.
 */
export function dialStringValue(what: string, value: string): string {
  if (CONTROL.test(value) || DIAL_STRING.test(value) || value.includes(' ')) throw new UnsafeEslValue(what);
  return value;
}

/** A word of an API command: a name, an id. */
export function word(what: string, value: string): string {
  if (!/^[\w.:@/+-]{1,256}$/.test(value)) throw new UnsafeEslValue(what);
  return value;
}

export const auth = (password: string) => command(`auth ${line("the event socket's password", password)}`);

/** `api NAME ARGS`: replies with api/response when it is done. */
export const api = (name: string, args = '') =>
  command(`api ${word("an API's name", name)}${args === '' ? '' : ` ${line("an API's arguments", args)}`}`);

/**
 * `bgapi NAME ARGS`: replies at once; the result comes as the event BACKGROUND_JOB with this `Job-UUID`. `args` may be
 * long and hold values from outside, each checked by the caller.
 */
export const backgroundApi = (name: string, args: string, job: string) =>
  command(
    [
      `bgapi ${word("an API's name", name)} ${line("an API's arguments", args)}`,
      `Job-UUID: ${word("a job's id", job)}`,
    ].join('\n'),
  );

/** Subscribes to few events: a slow reader of all events would fill FreeSWITCH's queues. */
export const subscribe = (events: readonly string[]) =>
  command(`event plain ${events.map((name) => word("an event's name", name)).join(' ')}`);

/** Unsubscribes from all events; which channels' events come stays as it was. */
export const noEvents = () => command('noevents');

/** Log lines up to this level (4: warnings and worse) as log/data. */
export const log = (level: number) => command(`log ${Math.trunc(level)}`);

export const noLog = () => command('nolog');

export const connect = () => command('connect');
export const myEvents = () => command('myevents');
export const linger = (seconds: number) => command(`linger ${Math.trunc(seconds)}`);
/** On a call's own connection; FreeSWITCH replies at once, whatever the channel does. */
export const getVariable = (name: string) => command(`getvar ${word("a variable's name", name)}`);
export const filter = (header: string, value: string) =>
  command(`filter ${word("a header's name", header)} ${line("a filter's value", value)}`);
export const exit = () => command('exit');

export type SendMessageHeaders = readonly (readonly [name: string, value: string])[];

/** `sendmsg [UUID]`: on an outbound connection the channel is implied and `uuid` is omitted. */
export function sendMessage(headers: SendMessageHeaders, uuid?: string): EslCommand {
  const first = uuid === undefined ? 'sendmsg' : `sendmsg ${word("a channel's id", uuid)}`;
  return command(
    [first, ...headers.map(([name, value]) => `${word("a header's name", name)}: ${line(name, value)}`)].join('\n'),
  );
}

/**
 * Runs a dialplan application on the channel. Its argument may hold anything but control characters; the caller must
 * check values inside it (`dialStringValue`).
 */
export function execute(application: string, argument = '', uuid?: string): EslCommand {
  const headers: [string, string][] = [
    ['call-command', 'execute'],
    ['execute-app-name', word("an application's name", application)],
  ];
  if (argument !== '') headers.push(['execute-app-arg', argument]);
  return sendMessage(headers, uuid);
}
