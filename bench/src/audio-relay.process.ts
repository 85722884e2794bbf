import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where FreeSWITCH's end of one call is, and where it sends. */
export interface CallAddresses {
  freeswitch: number;
  relay: number;
}

/** What the parent asks of a relay that is measured, and what it answers. */
export type Request = { ask: 'open'; url: string; calls: number } | { ask: 'cpu' } | { ask: 'memory' };
export type Answer = CallAddresses[] | number;

export interface RelayProcess {
  /** That many calls more. */
  open(url: string, calls: number): Promise<CallAddresses[]>;
  /** Milliseconds of processor time, user and system, since the process began. */
  cpuMs(): Promise<number>;
  /** Resident bytes after a collection. */
  memory(): Promise<number>;
  /** Stands still, sends nothing and uses nothing, until it goes on. */
  hold(): void;
  goOn(): void;
  stop(): Promise<void>;
}

/** Each in a process of its own, so that what it uses can be told from what the measurement uses. */
export function startRelay(name: 'audio-bare.process.js' | 'audio-engine.process.js'): RelayProcess {
  const child = fork(join(dirname(fileURLToPath(import.meta.url)), name), { execArgv: ['--expose-gc'] });
  return {
    open: (url, calls) => ask(child, { ask: 'open', url, calls }) as Promise<CallAddresses[]>,
    cpuMs: () => ask(child, { ask: 'cpu' }) as Promise<number>,
    memory: () => ask(child, { ask: 'memory' }) as Promise<number>,
    hold() {
      child.kill('SIGSTOP');
    },
    goOn() {
      child.kill('SIGCONT');
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function ask(child: ChildProcess, request: Request): Promise<Answer> {
  const gone = new AbortController();
  const exited = once(child, 'exit', { signal: gone.signal }).then(() => {
    throw new Error('the relay ended');
  });
  try {
    child.send(request);
    return ((await Promise.race([once(child, 'message', { signal: gone.signal }), exited])) as [Answer])[0];
  } finally {
    exited.catch(() => {});
    gone.abort();
  }
}

/** The child's side. */
export function serve(open: (url: string) => Promise<CallAddresses>): void {
  const collect = (globalThis as { gc?: () => void }).gc;
  const answer = async (request: Request): Promise<Answer> => {
    switch (request.ask) {
      case 'open':
        return Promise.all(Array.from({ length: request.calls }, () => open(request.url)));
      case 'cpu': {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1_000;
      }
      case 'memory':
        collect?.();
        return process.memoryUsage.rss();
    }
  };
  process.on('message', (request: Request) => void answer(request).then((result) => process.send?.(result)));
}
