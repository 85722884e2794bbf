import type { Logger } from './logger.process.js';

export interface Shutdown {
  /**
   * Registers what is to be stopped. Stopped in reverse order, one after the other: what was started last depends on
   * what was started before it.
   */
  add(name: string, stop: () => Promise<unknown> | unknown): void;
  /** Stops everything, then resolves. The process is not ended. Several calls are one. */
  stop(reason: string): Promise<{ clean: boolean }>;
}

export interface ShutdownOptions {
  logger: Logger;
  /** For the whole shutdown. */
  deadlineMs?: number;
  /** Default: SIGTERM and SIGINT. */
  signals?: readonly NodeJS.Signals[];
  exit?: (code: number) => void;
  /** Where the signals come from; a test gives its own. */
  source?: Pick<NodeJS.EventEmitter, 'on'>;
}

/**
 * Stops on SIGTERM or SIGINT within the deadline and exits; a second signal exits at once. What nobody caught ends the
 * process the same way, with code 1.
 */
export function gracefulShutdown(options: ShutdownOptions): Shutdown {
  const {
    logger,
    deadlineMs = 10_000,
    signals = ['SIGTERM', 'SIGINT'],
    exit = (code) => process.exit(code),
    source = process,
  } = options;
  const parts: { name: string; stop: () => Promise<unknown> | unknown }[] = [];
  let stopping: Promise<{ clean: boolean }> | undefined;

  const stopAll = async (reason: string): Promise<{ clean: boolean }> => {
    logger.info({ reason }, 'stopping');
    let clean = true;
    for (let part = parts.pop(); part; part = parts.pop()) {
      try {
        await part.stop();
      } catch (error) {
        clean = false;
        logger.error({ err: error, part: part.name }, 'cannot stop a part cleanly');
      }
    }
    logger.info('stopped');
    return { clean };
  };

  const stop = (reason: string) =>
    (stopping ??= within(deadlineMs, stopAll(reason), () => {
      logger.error({ deadlineMs }, 'not stopped within the deadline');
    }));

  const end = (reason: string, code: number) => void stop(reason).then(({ clean }) => exit(clean ? code : 1));
  for (const signal of signals) {
    source.on(signal, () => {
      if (stopping) exit(130);
      else end(signal, 0);
    });
  }
  // After either of them the state may be corrupt; the supervisor restarts the process.
  source.on('uncaughtException', (error: unknown) => {
    logger.fatal({ err: error }, 'uncaught exception');
    if (!stopping) end('uncaught exception', 1);
  });
  source.on('unhandledRejection', (error: unknown) => {
    logger.fatal({ err: error }, 'unhandled promise rejection');
    if (!stopping) end('unhandled rejection', 1);
  });
  return {
    add: (name, stopPart) => {
      parts.push({ name, stop: stopPart });
    },
    stop,
  };
}

async function within(
  deadlineMs: number,
  work: Promise<{ clean: boolean }>,
  late: () => void,
): Promise<{ clean: boolean }> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<{ clean: boolean }>((resolve) => {
    timer = setTimeout(() => {
      late();
      resolve({ clean: false });
    }, deadlineMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
