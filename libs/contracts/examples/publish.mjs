/**
 * Reports that a call's recording is stored, as a service that takes recordings elsewhere does.
 *
 *   NATS_URL=nats://127.0.0.1:4222 node publish.mjs ORGANIZATION_ID CALL_ID s3://bucket/key
 */
import { randomUUID } from 'node:crypto';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { callParties, callRecordingStored, CALLS_STREAM, callSubject } from '@trunkmesh/contracts';

const [organization, call, location] = process.argv.slice(2);
const nc = await connect({ servers: process.env.NATS_URL ?? 'nats://127.0.0.1:4222', name: 'publish-example' });
try {
  const subject = callSubject(organization, call);
  // Who called whom is copied from what the bridge wrote; a call that no bridge reported has no recording.
  const manager = await jetstreamManager(nc);
  const known = await manager.streams.getMessage(CALLS_STREAM, { last_by_subj: subject });
  if (known === null) throw new Error(`there is no call ${call} of the organisation ${organization}`);
  const event = callRecordingStored.parse({
    specversion: '1.0',
    id: randomUUID(),
    source: 'recordings.example.com',
    type: 'CallRecordingStored',
    subject,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    data: {
      ...callParties.parse(known.json().data),
      recording: { state: 'stored', location, bytes: null, duration_ms: null, detail: null },
    },
  });
  // The id makes a repetition within two minutes harmless. Repeat what is not acknowledged: it was not stored.
  const { seq, duplicate } = await jetstream(nc).publish(subject, JSON.stringify(event), { msgID: event.id });
  console.log(JSON.stringify({ sequence: seq, duplicate }));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await nc.close();
}
