import { setTimeout as sleep } from 'node:timers/promises';

/** A disk takes a call's file at once; one that stalls must not make callers wait, so JetStream is asked as well. */
const STALLED_MS = 100;
/** How long a caller waits for either of them. */
const NOTED_MS = 2_000;

/** Resolves when the disk has the call, or else JetStream does. */
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
