import { startSupervised, tailOf, type Supervised } from '../supervised.process.js';
import { eventually } from '../eventually.process.js';

export interface ComponentOptions {
  name: string;
  command: string;
  args: readonly string[];
  env?: Record<string, string | undefined>;
  cwd?: string;
  logFile: string;
  /** Settles true once the component serves; throws or settles false while it does not. */
  ready: () => Promise<boolean>;
  startTimeoutMs?: number;
  stopSignal?: NodeJS.Signals;
}

/** One process of the mesh: can be started, killed and started again with the same settings. */
export interface Component {
  readonly name: string;
  readonly logFile: string;
  pid(): number | undefined;
  running(): boolean;
  /** Resolves when it is ready. */
  start(): Promise<void>;
  /** Starts without waiting for readiness. */
  launch(): Promise<void>;
  untilReady(timeoutMs?: number): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  kill(): Promise<void>;
  /** Called when the process ends without having been asked to. */
  onUnexpectedExit(listener: (code: number) => void): void;
}

export function component(options: ComponentOptions): Component {
  let child: Supervised | undefined;
  const listeners: ((code: number) => void)[] = [];
  const self: Component = {
    name: options.name,
    logFile: options.logFile,
    pid: () => child?.pid,
    running: () => child?.running() ?? false,
    launch: async () => {
      if (child?.running()) return;
      const started = await startSupervised(options.command, options.args, {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        logFile: options.logFile,
      });
      child = started;
      void started.exited.then((code) => {
        if (child === started) for (const listener of listeners) listener(code);
      });
    },
    untilReady: async (timeoutMs = options.startTimeoutMs ?? 30_000) => {
      const watched = child;
      await Promise.race([
        eventually(options.ready, { timeoutMs, intervalMs: 25, message: `${options.name} to be ready` }),
        watched?.exited.then((code) => {
          throw new Error(`${options.name} ended with code ${code}`);
        }),
      ]).catch((error: Error) => {
        throw new Error(`${error.message}\nThe last lines of ${options.logFile}:\n${tailOf(options.logFile, 15)}`, {
          cause: error,
        });
      });
    },
    start: async () => {
      await self.launch();
      await self.untilReady();
    },
    stop: async (signal = options.stopSignal ?? 'SIGTERM') => {
      const stopping = child;
      child = undefined;
      await stopping?.stop(signal, 15_000);
    },
    kill: () => self.stop('SIGKILL'),
    onUnexpectedExit: (listener) => {
      listeners.push(listener);
    },
  };
  return self;
}

/** For a component with an ops server: `/health/ready` answers 200. */
export async function isReady(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(2_000) });
  if (response.ok) return true;
  throw new Error(await response.text());
}
