import { showProgress } from './progress.process.js';

/**
 * What a command that an operator runs is handed: it says how far it is, and stops after the step that is under way.
 */
export interface Running {
  signal: AbortSignal;
  progress: (stage: string, done: number, total: number) => void;
}

/** What was asked for instead of a command, or in a way that cannot be understood. */
export interface Help {
  name: 'help';
  problem: string | null;
}

export interface OperatorCommand<Command extends { name: string }> {
  usage: string;
  /** Ends it as a signal would. */
  stopping: AbortController;
  /** False: it was done and its result is none to be content with. */
  run(command: Command, running: Running): Promise<boolean>;
}

/** Stops at the first SIGINT or SIGTERM after the step that is under way, at the second at once. */
export function stopOnSignals(): AbortController {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(130);
      process.stderr.write('\nstopping after the step that is under way; once more stops at once\n');
      stopping.abort(new Error('it was stopped'));
    });
  }
  return stopping;
}

/** The exit code: 0 done, 1 not, 2 not understood, 130 stopped. */
export async function runOperatorCommand<Command extends { name: string }>(
  command: Command | Help,
  { usage, stopping, run }: OperatorCommand<Command>,
): Promise<number> {
  if (isHelp(command)) {
    (command.problem === null ? process.stdout : process.stderr).write(
      `${command.problem === null ? '' : `${command.problem}\n\n`}${usage}`,
    );
    return command.problem === null ? 0 : 2;
  }
  const progress = showProgress(process.stderr);
  try {
    return (await run(command, { signal: stopping.signal, progress: progress.show })) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`\n${command.name}: ${(error as Error).message}\n`);
    return stopping.signal.aborted ? 130 : 1;
  } finally {
    progress.end();
  }
}

const isHelp = (command: { name: string }): command is Help => command.name === 'help';
