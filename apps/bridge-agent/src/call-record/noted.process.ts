import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A healthy disk writes a call's file within this time; if it stalls, JetStream is used too, so that callers do not
 * wait.
 */
const STALLED_MS = 100;
/** How long a caller waits for either of them. */
const NOTED_MS = 2_000;

/** Resolves when the disk or JetStream has the call. */
export async function noted(onDisk: Promise<void>, hold: () => Promise<void>): Promise<void> {
  const first = await Promise.race([
    onDisk.then(
      () => 'noted',
      () => 'refused',
    ),
    sleep(STALLED_MS, 'stalled', { ref: false }),
  ]);
  if (first === 'noted') return;
  const late = sleep(NOTED_MS, undefined, { ref: false }).then(() => {
    throw new Error('not acknowledged in time');
  });
  await Promise.race([Promise.any([onDisk, hold()]), late]);
}
