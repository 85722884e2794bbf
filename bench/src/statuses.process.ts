import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';

/**
 * What is measured, in a process of its own: the agent's outbox of call statuses as it was built, or the shortest
 * program that keeps them in memory, signs them and posts each call's in order. `tell`: that many calls, four statuses
 * each, while nobody listens; answered by the bytes of heap that they take. `deliver`: answered when all are delivered.
 */
export type Request = { ask: 'tell'; calls: number } | { ask: 'deliver' };

interface Waiting {
  tell(calls: number): Promise<void>;
  deliver(): Promise<void>;
}

const [which, url, folder] = process.argv.slice(2) as ['outbox' | 'bare', string, string];
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjSw';
const STATUSES = ['initiated', 'ringing', 'answered', 'completed'];
const ORGANIZATION = '0190a5b2-7c00-7000-8000-00000000000a';
const callId = (n: number) => `11111111-1111-4111-8111-${String(n).padStart(12, '0')}`;
const draftOf = (n: number, status: string) => ({
  status,
  timestamp: '2026-11-23T00:44:13.951Z',
  call_id: callId(n),
  organization_id: ORGANIZATION,
  trunk_id: null,
  number_id: null,
  direction: 'inbound',
  from_number: '+15559876543',
  to_number: '+15551234567',
});

interface Outbox {
  tell(draft: object): Promise<void>;
  waiting(): number;
}

async function outbox(): Promise<Waiting> {
  const { StatusOutbox } = (await import(
    new URL('../../apps/bridge-agent/dist/customer/status-outbox.http.js', import.meta.url).href
  )) as { StatusOutbox: { start(options: object): Promise<Outbox> } };
  const silent = (): void => {};
  const logger = { debug: silent, info: silent, warn: silent, error: silent };
  const box = await StatusOutbox.start({
    folder,
    logger,
    endpointOf: () => ({ url, secret: SECRET, allowPrivate: true }),
    isLive: () => false,
    pauses: { firstMs: 20, maxMs: 200 },
  });
  return {
    tell: async (calls) => {
      for (let first = 0; first < calls; first += 100) {
        await Promise.all(
          Array.from({ length: Math.min(100, calls - first) }, async (_none, nth) => {
            for (const status of STATUSES) await box.tell(draftOf(first + nth, status));
          }),
        );
      }
    },
    deliver: async () => {
      while (box.waiting() > 0)
        await new Promise((resolve) => {
          setTimeout(resolve, 20);
        });
    },
  };
}

const WIDTH = 8;

function bare(): Waiting {
  const waiting: string[][] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: WIDTH });
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
  const post = (id: string, text: string) =>
    new Promise<void>((resolve, reject) => {
      const at = Math.floor(Date.now() / 1_000);
      const signature = createHmac('sha256', key).update(`${id}.${at}.${text}`).digest('base64');
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
        'webhook-id': id,
        'webhook-timestamp': String(at),
        'webhook-signature': `v1,${signature}`,
      };
      const sent = request(url, { agent, method: 'POST', headers }, (response) => {
        response.resume().once('end', () => resolve());
      });
      sent.once('error', reject);
      sent.end(text);
    });
  return {
    tell: (calls) => {
      for (let n = 0; n < calls; n += 1)
        waiting.push(
          STATUSES.map((status, nth) =>
            JSON.stringify({ type: `call.${status}`, sequence: nth + 1, ...draftOf(n, status) }),
          ),
        );
      return Promise.resolve();
    },
    deliver: async () => {
      const call = async (): Promise<void> => {
        for (let texts = waiting.pop(); texts !== undefined; texts = waiting.pop())
          for (const [nth, text] of texts.entries()) await post(`${waiting.length}.${nth}`, text);
      };
      await Promise.all(Array.from({ length: WIDTH }, call));
    },
  };
}

const kept = which === 'outbox' ? await outbox() : bare();
const heap = (): number => {
  (globalThis as { gc?: () => void }).gc!();
  return process.memoryUsage().heapUsed;
};

async function answer(asked: Request): Promise<number> {
  if (asked.ask === 'deliver') {
    await kept.deliver();
    return 0;
  }
  // What a first call brings with it, code and buffers, is not what a waiting status takes.
  await kept.tell(10);
  const before = heap();
  await kept.tell(asked.calls);
  return heap() - before;
}

process.on('message', (asked: Request) => {
  answer(asked).then(
    (value) => process.send!(value),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.send!(0);
