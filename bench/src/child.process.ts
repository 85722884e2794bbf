import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A program of this folder that is measured in a process of its own, and answers each question with a number. It says
 * 0 once it is ready.
 */
export interface Measured<Question> {
  ask(question: Question): Promise<number>;
  stop(): Promise<void>;
}

export async function startMeasured<Question extends object>(
  name: string,
  args: readonly string[],
): Promise<Measured<Question>> {
  const child = fork(join(dirname(fileURLToPath(import.meta.url)), name), args, { execArgv: ['--expose-gc'] });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${name} ended`);
  });
  ended.catch(() => undefined);
  const answer = async () => ((await Promise.race([once(child, 'message'), ended])) as [number])[0];
  await answer();
  return {
    ask: (question) => {
      child.send(question);
      return answer();
    },
    stop: () => stopped(child),
  };
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
