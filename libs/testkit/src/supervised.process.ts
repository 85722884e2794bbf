import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';

/**
 * Starts the program and watches a pipe that only this process holds open: when this process ends in whatever way (a
 * killed jest worker runs no handler), the pipe closes and the program gets `$death`. A shell, because it is everywhere
 * and costs two milliseconds; PDEATHSIG is Linux's alone and follows the thread that spawned, not the process. The
 * program's own process id goes to descriptor 3, so that signals reach it and not the shell.
 */
export const WATCHDOG = `
death=$1; shift
exec 4<&0 </dev/null
"$@" 3>&- 4<&- &
child=$!
echo $child >&3
exec 3>&-
{ cat <&4 >/dev/null; kill -$death $child; sleep 10; kill -9 $child; } 2>/dev/null >/dev/null &
watch=$!
exec 4<&-
wait $child
code=$?
kill -9 $watch 2>/dev/null
exit $code
`;

export interface SupervisedOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Where stdout and stderr go, appended. Without one they are dropped. */
  logFile?: string;
  /** What the program gets when this process has died. */
  onParentDeath?: 'TERM' | 'QUIT' | 'KILL';
  uid?: number;
  gid?: number;
}

export interface Supervised {
  readonly pid: number;
  /** Settles when the program has ended, with the code that a shell would give (128 + signal). */
  readonly exited: Promise<number>;
  running(): boolean;
  /** The last lines of the log file, for a failure message. */
  tail(lines?: number): string;
  signal(signal: NodeJS.Signals): void;
  /** Sends the signal and waits for the end; after `graceMs` it is killed. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<number>;
}

/** Runs `command` as a child that cannot outlive this process. Throws where the command cannot be started at all. */
export async function startSupervised(
  command: string,
  args: readonly string[],
  options: SupervisedOptions = {},
): Promise<Supervised> {
  const output = options.logFile === undefined ? ('ignore' as const) : openLog(options.logFile);
  const child = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', options.onParentDeath ?? 'TERM', command, ...args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['pipe', output, output, 'pipe'],
    // A session of its own: a Ctrl-C in the terminal is ours to turn into an orderly stop.
    detached: true,
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid }),
  });
  if (typeof output === 'number') closeSync(output);
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 137)));
  });
  exited.catch(() => undefined);
  child.stdin!.on('error', () => undefined);
  let running = true;
  const ended = exited.finally(() => {
    running = false;
  });
  ended.catch(() => undefined);
  const pid = await Promise.race([
    readPid(child.stdio[3] as Readable),
    exited.then((code) => {
      throw new Error(`${command} ended at once with code ${code}`);
    }),
  ]);
  // A test that forgot to stop it must not keep jest from ending; the watchdog ends it then.
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  const signal = (name: NodeJS.Signals) => {
    if (!running) return;
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  return {
    pid,
    exited: ended,
    running: () => running,
    tail: (lines = 20) => (options.logFile === undefined ? '' : tailOf(options.logFile, lines)),
    signal,
    stop: async (name = 'SIGTERM', graceMs = 10_000) => {
      signal(name);
      const timer = setTimeout(() => signal('SIGKILL'), graceMs);
      try {
        return await ended;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, 'a', 0o600);
}

export function tailOf(path: string, lines: number): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

function readPid(stream: Readable): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.includes('\n')) resolve(Number(text.trim()));
    });
    stream.once('error', reject);
  });
}
