import type { Argv, CommandModule, InferredOptionTypes, Options } from 'yargs';
import type { Api } from '../api/api.http.js';
import type { Profiles, Profile } from '../profile/profile.js';
import type { View } from '../output/view.js';

/** What a command may use. Everything that touches the world comes through it. */
export interface Context {
  /** The API with the key of the chosen profile. Throws CommandFailure where there is none. */
  api(): Promise<Api>;
  profile(): Promise<{ name: string; profile: Profile }>;
  profiles: { path: string; read(): Promise<Profiles>; write(profiles: Profiles): Promise<void> };
  /** Text from a terminal without echo, or the first line of standard input. */
  secret(question: string): Promise<string>;
  /** A whole file; `-` is standard input. */
  file(path: string): Promise<string>;
  /** Writes a new file that its owner alone reads, and never over another; `-` is standard output. */
  save(path: string, bytes: Uint8Array): Promise<void>;
  /** Shown while a long command works; not part of its output. */
  note(line: string): void;
  /** Milliseconds since 1970. */
  now(): number;
  /** Ends the command (Ctrl-C). */
  signal: AbortSignal;
  /** Runs the look once, or with `--watch` again and again. */
  show(look: () => Promise<View>): Promise<void>;
}

type OptionsByName = Record<string, Options>;

/** One command. A name in angle or square brackets is a positional; its description is among the options. */
export function command<O extends OptionsByName>(
  name: string,
  describe: string,
  options: O,
  run: (context: Context, given: InferredOptionTypes<O>) => Promise<void>,
): (context: Context) => CommandModule {
  return (context) => ({
    command: name,
    describe,
    builder: (yargs: Argv) => {
      for (const [key, option] of Object.entries(options)) {
        if (new RegExp(`[<[]${key}(\\.\\.)?[>\\]]`).test(name)) yargs.positional(key, option as never);
        else yargs.option(key, { ...option, requiresArg: option.type !== 'boolean' });
      }
      return yargs;
    },
    handler: (given) => run(context, given as never),
  });
}

/** Commands under one name: `trunkmesh trunks list`. */
export function group(
  name: string | string[],
  describe: string,
  commands: readonly ((context: Context) => CommandModule)[],
): (context: Context) => CommandModule {
  return (context) => ({
    command: name,
    describe,
    builder: (yargs: Argv) => {
      for (const one of commands) yargs.command(one(context));
      return yargs.demandCommand(1, 'Name one of these commands.');
    },
    handler: () => undefined,
  });
}

export const required = { demandOption: true as const };

/** `--limit`: how many rows a list shows. */
export const LIMIT = { limit: { type: 'number', default: 100, describe: 'How many to show at most' } } as const;

/** `key=value`, the value as JSON where it is JSON: `--set max_channels=10 --set identity.privacy=id`. */
export function assignments(given: readonly string[] = []): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const one of given) {
    const at = one.indexOf('=');
    const [name, text] = at < 0 ? [one, ''] : [one.slice(0, at), one.slice(at + 1)];
    place(fields, name.split('.'), valueOf(text));
  }
  return fields;
}

function place(fields: Record<string, unknown>, [first, ...rest]: string[], value: unknown): void {
  if (rest.length === 0) return void Object.assign(fields, { [first!]: value });
  const inner = (fields[first!] ?? {}) as Record<string, unknown>;
  Object.assign(fields, { [first!]: inner });
  place(inner, rest, value);
}

function valueOf(text: string): unknown {
  // A telephone number or a revision is a text, however much it looks like a number.
  if (/^[+0]\d/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
