/**
 * Follows the trunks and phone numbers of all organisations, from where it was the last time.
 *
 *   NATS_URL=nats://127.0.0.1:4222 node follow.mjs position.json
 *
 * The first time it gets the last event of each entity, which holds the entity's whole state. Then it gets each further
 * event once, in order. The position is stored after an event was handled: one that was interrupted comes again, so
 * handle events such that a repetition changes nothing (`entityversion` tells).
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { entityOfSubject, numberEvent, TRUNKMESH_STREAM, trunkEvent } from '@trunkmesh/contracts';

const file = process.argv[2] ?? 'position.json';
const SCHEMAS = { trunk: trunkEvent, number: numberEvent };

async function position() {
  try {
    return JSON.parse(await readFile(file, 'utf8')).sequence;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all: a torn file would lose the position. */
async function store(sequence) {
  await writeFile(`${file}.new`, JSON.stringify({ sequence }));
  await rename(`${file}.new`, file);
}

const nc = await connect({ servers: process.env.NATS_URL ?? 'nats://127.0.0.1:4222', name: 'follow-example' });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void nc.close());
const last = await position();
const consumer = await jetstream(nc).consumers.get(TRUNKMESH_STREAM, {
  // One filter, because nats-server before 2.10 takes no more.
  filter_subjects: 'trunkmesh.org.>',
  ...(last === undefined
    ? { deliver_policy: DeliverPolicy.LastPerSubject }
    : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: last + 1 }),
});

for await (const message of await consumer.consume()) {
  const schema = SCHEMAS[entityOfSubject(message.subject)?.kind];
  if (schema !== undefined) {
    const event = schema.safeParse(message.json());
    // A type or a value of a later version: what it means is not known here, and that must not stop the rest.
    if (!event.success) console.error(`passed over ${message.subject}: written by a later version`);
    else console.log(JSON.stringify({ type: event.data.type, subject: event.data.subject, sequence: message.seq }));
  }
  await store(message.seq);
}
