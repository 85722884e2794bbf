import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AckPolicy, jetstream, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { CALLS_STREAM } from '@trunkmesh/contracts/subjects.js';
import pg from 'pg';

/**
 * The measure: the same stream into one table by the shortest code that works, and the same pages out of it. No
 * numbering, no usage record, no call log: an event is inserted as it came, and the events that end a call are what is
 * listed.
 */
export type Request = { ask: 'record'; events: number } | { ask: 'serve' };

const [natsUrl, databaseUrl] = process.argv.slice(2) as [string, string];
const DURABLE = 'bench-bare';
const MESSAGES_PER_BATCH = 500;

const nc = await connect({ servers: natsUrl });
const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
await pool.query(
  'CREATE TABLE calls (id uuid PRIMARY KEY, call_id uuid NOT NULL, organization_id uuid NOT NULL, started_at ' +
    'timestamptz NOT NULL, ended boolean NOT NULL, envelope text NOT NULL)',
);
await pool.query('CREATE INDEX ON calls (organization_id, started_at DESC, call_id) WHERE ended');
await pool.query('CREATE INDEX ON calls (call_id)');
await (
  await jetstreamManager(nc)
).consumers.add(CALLS_STREAM, { durable_name: DURABLE, ack_policy: AckPolicy.Explicit, max_ack_pending: 2_000 });

async function record(events: number): Promise<void> {
  const consumer = await jetstream(nc).consumers.get(CALLS_STREAM, DURABLE);
  for (let done = 0; done < events;) {
    const messages: JsMsg[] = [];
    for await (const message of await consumer.fetch({
      max_messages: Math.min(MESSAGES_PER_BATCH, events - done),
      expires: 2_000,
    }))
      messages.push(message);
    await insert(messages);
    for (const message of messages) message.ack();
    done += messages.length;
  }
  await nc.flush();
}

interface Envelope {
  id: string;
  type: string;
  data: { call_id: string; organization_id: string; started_at: string };
}

async function insert(messages: readonly JsMsg[]): Promise<void> {
  const texts = messages.map((message) => message.string());
  const events = texts.map((text) => JSON.parse(text) as Envelope);
  await pool.query({
    name: 'insert',
    text:
      'INSERT INTO calls SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], ' +
      '$5::boolean[], $6::text[]) ON CONFLICT DO NOTHING',
    values: [
      events.map(({ id }) => id),
      events.map(({ data }) => data.call_id),
      events.map(({ data }) => data.organization_id),
      events.map(({ data }) => data.started_at),
      events.map(({ type }) => type === 'CallEnded'),
      texts,
    ],
  });
}

const PAGE =
  'SELECT envelope FROM calls WHERE organization_id = $1 AND ended ORDER BY started_at DESC, call_id LIMIT $2';
const ONE = 'SELECT envelope FROM calls WHERE call_id = $1 AND organization_id = $2';

/** `/?organization=…&limit=…` and `/?organization=…&call=…`. Without authentication. */
async function serve(): Promise<number> {
  await pool.query('VACUUM ANALYZE calls');
  const server = createServer((request, response) => {
    const query = new URL(request.url!, 'http://localhost').searchParams;
    const call = query.get('call');
    const asked =
      call === null
        ? { name: 'page', text: PAGE, values: [query.get('organization'), query.get('limit')] }
        : { name: 'one', text: ONE, values: [call, query.get('organization')] };
    void pool.query<{ envelope: string }>(asked).then(({ rows }) => {
      const body = `[${rows.map(({ envelope }) => envelope).join(',')}]`;
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
        .end(body);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

process.on('message', (request: Request) => {
  const answer = request.ask === 'record' ? record(request.events).then(() => 0) : serve();
  answer.then(
    (value) => process.send!(value),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.send!(0);
