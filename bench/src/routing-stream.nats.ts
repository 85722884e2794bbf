import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import type { Entity } from '@trunkmesh/routing/inbound-fixture.js';
import { crowd, eventOf, numberEntity, organizations } from './routing-data.js';

const IN_FLIGHT = 4_000;

/** Fills the stream with the measurement's mesh, saying how far it is. */
export function fillStream(url: string, numbers: number, say: (line: string) => void): Promise<void> {
  return publishEntities(url, mesh(numbers), say);
}

function* mesh(numbers: number): Generator<Entity> {
  yield* organizations();
  yield* crowd();
  for (let at = 0; at < numbers; at += 1) yield numberEntity(at);
}

export async function publishEntities(
  url: string,
  entities: Iterable<Entity>,
  say: (line: string) => void,
): Promise<void> {
  const nc = await connect({ servers: url });
  try {
    await ensureStreams(nc);
    const js = jetstream(nc);
    let pending: Promise<unknown>[] = [];
    let sent = 0;
    for (const entity of entities) {
      const { subject, event } = eventOf(entity, sent);
      sent += 1;
      pending.push(js.publish(subject, JSON.stringify(event)));
      if (sent % 250_000 === 0) say(`# ${sent} entities are in the stream`);
      if (pending.length < IN_FLIGHT) continue;
      await Promise.all(pending);
      pending = [];
    }
    await Promise.all(pending);
  } finally {
    await nc.close();
  }
}
