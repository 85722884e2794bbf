import { setTimeout as sleep } from 'node:timers/promises';
import type { Assistant } from '@trunkmesh/testkit/assistant/assistant.http.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { apiClient } from '@trunkmesh/testkit/mesh/api.http.js';
import { encode } from '@trunkmesh/testkit/rtp/g711.js';
import { isSilent } from '@trunkmesh/testkit/rtp/passage.js';
import { tone } from '@trunkmesh/testkit/rtp/tone.js';
import { startSipCallee, type SipCallee } from '@trunkmesh/testkit/sip/sip-callee.net.js';
import type { HeardInvite } from '@trunkmesh/testkit/sip/callee-script.js';
import type { BenchMesh } from './bench-mesh.process.js';
import { rate } from './http-load.net.js';

export const CALLEE_ADDRESS = '127.0.0.94';
const RINGS_MS = 300;
const TALKS_MS = 1_000;
/** Longer than it rings and talks. */
const SPEECH = encode('PCMU', tone(440, 100));

/** How long a call is in flight, about: it rings, talks and is counted. */
export const CALL_SECONDS = 1.4;
const WARM_CALLS = 20;

interface Calls {
  /** How many, for each of the loads. */
  calls: number;
  /** Calls at once, one load after the other. */
  together: readonly number[];
  /** A trunk to this gateway with a number of its own. */
  numberOn: (gateway: string) => Promise<unknown>;
}

export interface Heard {
  /** Milliseconds from the 200 to the first frame of the assistant, for each call in which it was heard. */
  tookMs: number[];
  callsPerSecond: number;
}

/** What is heard under each of the loads. The assistant speaks while the call rings. */
export async function firstFrames(
  bench: BenchMesh,
  assistant: Assistant,
  { calls, together, numberOn }: Calls,
): Promise<Heard[]> {
  const callee = await startSipCallee({ address: CALLEE_ADDRESS });
  const api = apiClient(bench.mesh.file.api, bench.adminKey);
  assistant.onConnection = (connection) => {
    connection.onMessage = ({ event }) => {
      if (event === 'start') connection.say(SPEECH);
    };
  };
  try {
    await api.patch(`/api/v1/organizations/${bench.organizationId}`, {
      media_url: assistant.url,
      signing_secret: 'a secret of the measurement',
    });
    callee.will({ outcome: 'answer', ringMs: RINGS_MS, hangUpAfterMs: TALKS_MS });
    await numberOn(callee.gateway);
    let next = 0;
    const call = async () => {
      const to = `+1555986${String(next++).padStart(4, '0')}`;
      await api.post('/api/v1/calls', { from_phone_number: '+15550100002', to_phone_number: to });
      return heardIn(callee, to);
    };
    await eventually(async () => (await call()) !== undefined, { timeoutMs: 30_000, message: 'a call to be heard' });
    await rate(WARM_CALLS, 2, call);
    const heard: Heard[] = [];
    for (const width of together) {
      const tookMs: number[] = [];
      const callsPerSecond = await rate(calls, width, async () => {
        const took = await call();
        if (took !== undefined) tookMs.push(took);
      });
      heard.push({ tookMs, callsPerSecond });
    }
    return heard;
  } finally {
    await callee.close();
  }
}

async function heardIn(callee: SipCallee, to: string): Promise<number | undefined> {
  const invite = await eventually(
    () => callee.invites.find(({ uri, answeredAt }) => uri.includes(to.slice(1)) && answeredAt !== undefined),
    { timeoutMs: 15_000, intervalMs: 50, message: 'the call to be answered' },
  );
  await sleep(TALKS_MS);
  const took = firstFrameAfter(invite);
  // Its telephone would send silence to the end.
  await invite.audio?.close();
  return took;
}

function firstFrameAfter({ audio, answeredAt }: HeardInvite): number | undefined {
  const first = audio?.heard.find(({ samples }) => !isSilent(samples));
  return first === undefined || answeredAt === undefined ? undefined : first.at - answeredAt;
}
