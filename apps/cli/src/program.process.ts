import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { text as wholeText } from 'node:stream/consumers';
import yargs from 'yargs';
import { connectApi } from './api/api.http.js';
import { calls } from './commands/calls.js';
import type { Context } from './commands/command.js';
import { mcp } from './commands/mcp.js';
import { numbers } from './commands/numbers.js';
import { login, logout, profiles } from './commands/profiles.js';
import { routes } from './commands/routes.js';
import { events, status } from './commands/status.js';
import { probe, trunks } from './commands/trunks.js';
import { usage } from './commands/usage.js';
import { CommandFailure } from './failure.js';
import { present } from './output/present.process.js';
import { apiUrl, type Profile } from './profile/profile.js';
import { profilesPath, readProfiles, writeProfiles } from './profile/profiles.fs.js';

export interface Surroundings {
  args: string[];
  env: NodeJS.ProcessEnv;
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  signal: AbortSignal;
}

const COMMANDS = [status, trunks, numbers, calls, routes, probe, usage, events, login, logout, profiles, mcp];

/** Runs one command line and gives its exit code: 0 well, 1 refused or bad news, 2 not understood. */
export async function run(surroundings: Surroundings): Promise<number> {
  const { stderr } = surroundings;
  try {
    return await command(surroundings);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    stderr.write(`trunkmesh: ${error.message}\n`);
    if (error.exitCode === 2) stderr.write('See: trunkmesh --help\n');
    return error.exitCode;
  }
}

async function command(surroundings: Surroundings): Promise<number> {
  const { args } = surroundings;
  let exitCode = 0;
  const context = contextOf(surroundings, globalOptions(args), (code) => {
    exitCode = code;
  });
  const parser = yargs(args)
    .scriptName('trunkmesh')
    .usage('$0 COMMAND: connect SIP trunks to assistants, and see what happens to their calls')
    .option('profile', { type: 'string', describe: 'Which profile to use (TRUNKMESH_PROFILE)', requiresArg: true })
    .option('organization', { type: 'string', describe: 'Act for this organisation (operators)', requiresArg: true })
    .option('json', { type: 'boolean', describe: 'Print JSON, for programs' })
    .option('watch', { type: 'string', describe: 'Look again every N seconds (2) until Ctrl-C', coerce: seconds })
    .epilogue('TRUNKMESH_URL and TRUNKMESH_API_KEY take the place of a profile.')
    .completion('completion', 'Print what makes bash or zsh complete commands')
    .demandCommand(1, 'Name a command.')
    .strict()
    .recommendCommands()
    .version(false)
    .exitProcess(false)
    .fail((message, error) => {
      throw error instanceof CommandFailure ? error : new CommandFailure(message ?? error.message, 2);
    });
  for (const one of COMMANDS) parser.command(one(context));
  await parser.parseAsync();
  return exitCode;
}

interface GlobalOptions {
  profile?: string | undefined;
  organization?: string | undefined;
  json: boolean;
  watch?: number | undefined;
}

const DEFAULT_WATCH_SECONDS = 2;

/** Empty: the option was given without a value, which yargs says of a text alone. */
function seconds(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const number = given === '' ? DEFAULT_WATCH_SECONDS : Number(given);
  if (!(number >= 0.5)) throw new CommandFailure('--watch takes half a second or more, for example --watch 10', 2);
  return number;
}

/** Needed before the commands are known, since they hold the context. */
function globalOptions(args: string[]): GlobalOptions {
  const { profile, organization, json, watch } = yargs(args)
    .option('profile', { type: 'string' })
    .option('organization', { type: 'string' })
    .option('json', { type: 'boolean', default: false })
    .option('watch', { type: 'string' })
    .help(false)
    .version(false)
    .exitProcess(false)
    .parseSync();
  return { profile, organization, json, watch: seconds(watch) };
}

function contextOf(surroundings: Surroundings, global: GlobalOptions, ends: (code: number) => void): Context {
  const { env, stdin, stdout, stderr, signal } = surroundings;
  const path = profilesPath(env);
  const profile = async () => {
    const chosen = await chosenProfile(env, path, global);
    const organization = global.organization ?? chosen.profile.organization;
    return organization === undefined ? chosen : { ...chosen, profile: { ...chosen.profile, organization } };
  };
  return {
    profile,
    api: async () => connectApi((await profile()).profile, { repeated: global.watch !== undefined }),
    profiles: { path, read: () => readProfiles(path), write: (all) => writeProfiles(path, all) },
    secret: (question) => askSecret(stdin, stderr, question),
    file: (name) =>
      (name === '-' ? wholeText(stdin) : readFile(name, 'utf8')).catch((error: Error) => {
        throw new CommandFailure(`${name} cannot be read: ${error.message}`, 2);
      }),
    save: (name, bytes) => saveNew(stdout, name, bytes),
    note: (line) => stderr.write(`${line}\n`),
    now: Date.now,
    signal,
    show: async (look) => {
      const { json, watch } = global;
      ends(await present({ json, watch, signal, out: stdout, isTerminal: stdout.isTTY }, look));
    },
  };
}

async function saveNew(stdout: NodeJS.WriteStream, name: string, bytes: Uint8Array): Promise<void> {
  if (name === '-') return void stdout.write(bytes);
  await writeFile(name, bytes, { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EEXIST' ? 'it exists already' : error.message;
    throw new CommandFailure(`${name} cannot be written: ${why}`);
  });
}

/** From the environment whole, or from the file. */
async function chosenProfile(
  env: NodeJS.ProcessEnv,
  path: string,
  global: GlobalOptions,
): Promise<{ name: string; profile: Profile }> {
  const [url, key] = [env['TRUNKMESH_URL'], env['TRUNKMESH_API_KEY']];
  if (url && key && global.profile === undefined) return { name: 'environment', profile: { url: apiUrl(url), key } };
  const name = global.profile ?? env['TRUNKMESH_PROFILE'] ?? 'default';
  const { [name]: found } = await readProfiles(path);
  if (found !== undefined) return { name, profile: { ...found, url: apiUrl(found.url) } };
  throw new CommandFailure(`there is no profile ${name}; make one with: trunkmesh login ${name} --address URL`);
}

/** Nothing that is typed is shown; piped in, the first line is the secret. */
async function askSecret(stdin: NodeJS.ReadStream, stderr: NodeJS.WriteStream, question: string): Promise<string> {
  const terminal = stdin.isTTY === true;
  if (terminal) stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: silent, terminal });
  try {
    return await new Promise<string>((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(''));
    });
  } finally {
    lines.close();
    if (terminal) stderr.write('\n');
  }
}
