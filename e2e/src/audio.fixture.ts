import { startAssistant, type Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import type { AssistantConnection } from '@trunkmesh/testkit/assistant/media-stream.net.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { MeshCarrier } from '@trunkmesh/testkit/mesh/carrier.js';
import {
  addNumber,
  callEvents,
  registeringTrunk,
  testMesh,
  type CallMessage,
  type Organization,
  type TestMesh,
  type Trunk,
} from './mesh.fixture.js';

/** A mesh whose calls reach an assistant that the test speaks for. */
export interface TalkingMesh {
  test: TestMesh;
  assistant: Assistant;
  org: Organization;
  carrier: MeshCarrier;
  trunk: Trunk;
  /** Assigned to assistant 17. */
  number: string;
  /** What signs streams, prewarms and statuses. */
  secret: string;
  /** A caller's number that no other call has. */
  newCaller(): string;
  /** Settles with the caller's stream, once `start` and the first frame came; `nth`: after so many reconnects. */
  streamOf(from: string, nth?: number): Promise<AssistantConnection>;
  /** The call's events, once the last one is there. */
  eventsOf(from: string): Promise<CallMessage[]>;
  /** Usage records by caller, of these callers. */
  usageOf(callers: readonly string[]): Promise<Map<string, number>>;
  stop(): Promise<void>;
}

/** Apart from RTP's ports and from those that tests are handed out, so that neither takes the other's. */
const AUDIO_PORTS = { AUDIO_PORT_FIRST: '12000', AUDIO_PORT_LAST: '14999' };

export async function startTalkingMesh(env: Record<string, string> = {}): Promise<TalkingMesh> {
  const assistant = await startAssistant();
  const secret = 'a secret of the tests';
  const test = await testMesh({
    env: {
      ...AUDIO_PORTS,
      MEDIA_URL: assistant.url,
      PREWARM_URL: assistant.prewarmUrl,
      STATUS_URL: assistant.statusUrl,
      STREAM_SECRET: secret,
      ...env,
    },
  }).catch(async (error: unknown) => {
    await assistant.stop();
    throw error;
  });
  const org = await test.organization('Example Dental');
  const carrier = await test.carrier('9201');
  const trunk = await registeringTrunk(org, carrier);
  const number = '+15550100001';
  await addNumber(org, trunk, number);
  let callers = 0;
  const talking: TalkingMesh = {
    test,
    assistant,
    org,
    carrier,
    trunk,
    number,
    secret,
    newCaller: () => `+1555${String(7_000_000 + (callers += 1))}`,
    streamOf: (from, nth = 0) =>
      eventually(
        () => {
          const stream = assistant.streamsOf(from)[nth];
          return stream !== undefined && stream.of('media').length > 0 ? stream : undefined;
        },
        { timeoutMs: 15_000, message: `a stream of ${from} with audio in it` },
      ),
    eventsOf: (from) =>
      eventually(
        async () => {
          const events = (await callEvents(test)).filter(({ data }) => data.from === from);
          return events.some(({ type }) => type === 'CallEnded' || type === 'CallRejected') ? events : undefined;
        },
        { timeoutMs: 20_000, message: `the call of ${from} to be written` },
      ),
    usageOf: async (wanted) => {
      const rows = await test.billing<{ from_number: string; count: string }>(
        'SELECT from_number, count(*) FROM ledger_entries WHERE from_number = ANY($1) GROUP BY from_number',
        [wanted],
      );
      return new Map(rows.map(({ from_number, count }) => [from_number, Number(count)]));
    },
    stop: async () => {
      await test.stop();
      await assistant.stop();
    },
  };
  await untilKnown(talking);
  return talking;
}

/** The access list and the routing index follow within moments. */
async function untilKnown({ carrier, newCaller, number }: TalkingMesh): Promise<void> {
  await eventually(async () => (await carrier.call({ from: newCaller(), number, talkMs: 100 })) === 200, {
    timeoutMs: 20_000,
    intervalMs: 250,
    message: 'the first call to be answered',
  });
}
