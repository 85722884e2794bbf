import { createHash } from 'node:crypto';
import { mkdir, realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';

export interface StateLock {
  /** The folder as the kernel names it. */
  readonly path: string;
  release(): void;
}

/**
 * One process a STATE_DIR. The lock is an abstract socket of Linux: it has no file, and the kernel ends it with its
 * process, however that ends, so nobody waits for a stale one.
 *
 * @throws Error where another process of this host has it
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
    logger.warn({ err: taken }, 'STATE_DIR cannot be locked on this system; two agents on it are not noticed');
  server.unref();
  return {
    path,
    release: () => {
      server.close();
    },
  };
}
