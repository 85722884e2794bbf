import pino from 'pino';
import { partiesOf } from './recordings.fixture.js';
import { StoredRecordings } from './recordings.fs.js';
import type { BucketSettings } from './recording-bucket.http.js';

/**
 * For a test that kills it: takes the files in the folder, ends call 1, and uploads until it is killed. Its events are
 * never acknowledged.
 */
const { folder, bucket } = JSON.parse(process.argv[2]!) as { folder: string; bucket: BucketSettings };
const recordings = await StoredRecordings.start({
  folder,
  bucket,
  publish: () => Promise.reject(new Error('NATS is unreachable')),
  isLive: () => true,
  logger: pino({ level: 'silent' }),
  freeBytes: 0,
});
await recordings.begin(partiesOf(1));
recordings.ended(partiesOf(1).call_id);
