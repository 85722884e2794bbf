import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { ensureStreams } from '@trunkmesh/event-log/streams.nats.js';
import { crowd, eventOf, numberEntity, organizations } from './routing-data.js';

const IN_FLIGHT = 4_000;

/** Fills the stream with the measurement's mesh, saying how far it is. */
export async function fillStream(url: string, numbers: number, say: (line: string) => void): Promise<void> {
  const nc = await connect({ servers: url });
  try {
    await ensureStreams(nc);
    const js = jetstream(nc);
    let pending: Promise<unknown>[] = [];
    let sent = 0;
    const publish = async (entity: Parameters<typeof eventOf>[0]) => {
      const { subject, event } = eventOf(entity, sent);
      sent += 1;
      pending.push(js.publish(subject, JSON.stringify(event)));
      if (pending.length < IN_FLIGHT) return;
      await Promise.all(pending);
      pending = [];
    };
    for (const entity of organizations()) await publish(entity);
    for (const entity of crowd()) await publish(entity);
    for (let at = 0; at < numbers; at += 1) {
      await publish(numberEntity(at));
      if (at > 0 && at % 250_000 === 0) say(`# ${at} of ${numbers} numbers are in the stream`);
    }
    await Promise.all(pending);
  } finally {
    await nc.close();
  }
}
