import { writeSync } from 'node:fs';
import pino from 'pino';
import { draftOf, WHOLE_CALL } from './status-outbox.fixture.js';
import { StatusOutbox } from './status-outbox.http.js';

/**
 * For a test that kills it: reports one call after another and prints what was promised to be kept, until it is killed.
 */
const { folder, urls, first } = JSON.parse(process.argv[2]!) as { folder: string; urls: string[]; first: number };
const outbox = await StatusOutbox.start({
  folder,
  endpointOf: (_organization, number) => ({
    url: urls[Number(number) % urls.length]!,
    secret: undefined,
    allowPrivate: true,
  }),
  isLive: () => true,
  logger: pino({ level: 'silent' }),
  pauses: { firstMs: 20, maxMs: 100 },
});
for (let n = first; ; n += 1) {
  for (const status of WHOLE_CALL) {
    await outbox.tell(draftOf(n, status, { number_id: String(n) }));
    writeSync(1, `${n} ${status}\n`);
  }
}
