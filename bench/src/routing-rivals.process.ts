import { connect } from '@nats-io/transport-node';
import { TRUNKMESH_STREAM } from '@trunkmesh/contracts/subjects.js';
import { follow } from '@trunkmesh/event-log/follow.nats.js';
import { applyEvent } from '@trunkmesh/routing/route-events.js';
import { createRouteIndex } from '@trunkmesh/routing/route-index.js';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { numberEntity, organizations } from './routing-data.js';
import { subjectOf } from '@trunkmesh/routing/inbound-fixture.js';

/**
 * What routing-service is measured against, each as a process of its own: `echo URL BYTES` answers every request with
 * so many bytes; `read URL` reads the stream as routing-service does and does nothing with it; `index NUMBERS` builds
 * the index alone and says what it weighs. Each writes one line when it is ready or done.
 */
const [role, ...args] = process.argv.slice(2);
// The measurement holds the other end: when it ends, however it ends, so does this.
process.stdin.resume().once('end', () => process.exit(0));
const logger = createLogger('bench', { level: 'error' });

if (role === 'echo') {
  const nc = await connect({ servers: args[0] });
  const answer = Buffer.alloc(Number(args[1]), 'x');
  nc.subscribe('bench.echo', {
    queue: 'bench',
    callback: (_error, message) => {
      message.respond(answer);
    },
  });
  await nc.flush();
  console.log('ready');
} else if (role === 'read') {
  const nc = await connect({ servers: args[0] });
  let events = 0;
  follow<undefined>(nc, {
    stream: TRUNKMESH_STREAM,
    filter: 'trunkmesh.>',
    from: 'last-per-subject',
    decode: () => undefined,
    onEvent: () => {
      events += 1;
    },
    onCaughtUp: () => {
      console.log(`read ${events}`);
      process.exit(0);
    },
    logger,
  });
} else {
  const numbers = Number(args[0]);
  const weight = () => {
    globalThis.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const index = createRouteIndex();
  for (const entity of organizations()) applyEvent(index, subjectOf(entity), { data: { state: entity } });
  const before = weight();
  for (let at = 0; at < numbers; at += 1) {
    const entity = numberEntity(at);
    applyEvent(index, subjectOf(entity), { data: { state: entity } });
  }
  console.log(`weight ${(weight() - before) / index.numbers.size}`);
  process.exit(0);
}
