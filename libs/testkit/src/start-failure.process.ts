import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A private server that could not be started. The message of the first one has the cause; see `startFailure`. */
export class ServerNotStarted extends Error {}

/**
 * The error of a server that could not be started. In a run of `npm test`, SERVER_FAILURES names a folder: the first
 * failure of each server leaves its cause there, for the end of the run, and the hundreds after it are one line each.
 */
export function startFailure(server: string, cause: unknown, env: NodeJS.ProcessEnv = process.env): ServerNotStarted {
  const message = `${server} could not be started: ${cause instanceof Error ? cause.message : String(cause)}`;
  const folder = env['SERVER_FAILURES'];
  if (folder === undefined || isFirst(join(folder, server), message)) return new ServerNotStarted(message, { cause });
  return withoutStack(new ServerNotStarted(`${server} could not be started; the cause is at the end of the run.`));
}

function isFirst(file: string, message: string): boolean {
  try {
    writeFileSync(file, message, { flag: 'wx' });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EEXIST';
  }
}

function withoutStack<E extends Error>(error: E): E {
  error.stack = `${error.name}: ${error.message}`;
  return error;
}
