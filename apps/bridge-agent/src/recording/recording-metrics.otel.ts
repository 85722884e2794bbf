import { counter, gauge } from '@trunkmesh/runtime/metric.otel.js';

export const recordingsSettled = counter(
  'trunkmesh_recordings_total',
  'Recordings by outcome: stored in the bucket, local where there is none, failed, refused where a call could ' +
    'not be recorded',
);

/** Returns how to stop. */
export const observeRecordings = (recordings: { waiting(): number }): (() => void) =>
  gauge('trunkmesh_recordings_waiting', 'Recordings of ended calls that are not stored or not published yet', () =>
    recordings.waiting(),
  );
