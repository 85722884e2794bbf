import { randomUUID } from 'node:crypto';
import type { Switch } from './switch.process.js';

/** `api COMMAND …`. It is passed in: `api originate` opens connections that run commands themselves. */
export type RunApi = (freeswitch: Switch, line: string) => Promise<string>;

/** `bgapi COMMAND …`: the answer comes as an event that has this job's id. */
export function startBackgroundJob(
  { freeswitch, runApi }: { freeswitch: Switch; runApi: RunApi },
  line: string,
  asked: string | undefined,
): string {
  const job = asked ?? randomUUID();
  const [name = '', ...words] = line.split(' ');
  setImmediate(() => {
    void runApi(freeswitch, line).then((body) => {
      const argument = words.join(' ');
      freeswitch.events.fire(
        'BACKGROUND_JOB',
        [
          ['Job-UUID', job],
          ['Job-Command', name],
          ...(argument === '' ? [] : [['Job-Command-Arg', argument] as const]),
        ],
        { body },
      );
    });
  });
  return job;
}
