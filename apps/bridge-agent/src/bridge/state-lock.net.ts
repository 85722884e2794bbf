import { createHash } from 'node:crypto';
import { mkdir, realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';

export interface StateLock {
  /** The folder's canonical path. */
  readonly path: string;
  release(): void;
}

/**
 * Allows one process per STATE_DIR. The lock is a Linux abstract socket: it has no file, and the kernel releases it
 * when the process ends, so it is never stale.
 *
 * @throws Error if another process of this host holds it
 */
export async function lockStateDir(stateDir: string, logger: Logger): Promise<StateLock> {
  await mkdir(stateDir, { recursive: true, mode: 0o750 });
  const path = await realpath(stateDir);
  const server = createServer((socket) => socket.destroy());
  const name = `trunkmesh-agent-${createHash('sha256').update(path).digest('hex').slice(0, 40)}`;
  const taken = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once('error', resolve);
    server.listen({ path: `\0${name}` }, () => {
      resolve(undefined);
    });
  });
  if (taken?.code === 'EADDRINUSE') {
    throw new Error(
      `another agent uses this STATE_DIR (${path}): give each agent a BRIDGE_ID and a STATE_DIR of its own, or ` +
        'stop the other one first',
    );
  }
  if (taken !== undefined)
    logger.warn({ err: taken }, 'cannot lock STATE_DIR on this system; a second agent that uses it is not detected');
  server.unref();
  return {
    path,
    release: () => {
      server.close();
    },
  };
}
