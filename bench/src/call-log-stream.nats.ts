import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { bridgeKey, USAGE_BUCKET } from '@trunkmesh/contracts/subjects.js';
import { usageConfirmation } from '@trunkmesh/contracts/usage.js';
import { eventsOf, type CallSamples, type CallsOf } from './call-log-data.js';

const IN_FLIGHT = 2_000;
const SAMPLES = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'libs', 'contracts', 'samples');

export async function storedSamples(): Promise<CallSamples> {
  const read = async (type: string) =>
    JSON.parse(await readFile(join(SAMPLES, `${type}.json`), 'utf8')) as CallSamples['CallStarted'];
  return {
    CallStarted: await read('CallStarted'),
    CallAnswered: await read('CallAnswered'),
    CallEnded: await read('CallEnded'),
  };
}

export interface CallsStream {
  /** Calls `from` to `to` (exclusive), some hundreds going on at once: no two events of one call stand side by side. */
  publish(from: number, to: number): Promise<void>;
  /** Until billing-observer has recorded that many calls of this bridge. */
  recorded(calls: number): Promise<void>;
  stop(): Promise<void>;
}

const MESSAGES_IN_FLIGHT = 250;

export async function callsStream(url: string, calls: CallsOf): Promise<CallsStream> {
  const nc = await connect({ servers: url });
  const js = jetstream(nc);
  const usage = await new Kvm(nc).open(USAGE_BUCKET);
  return {
    async publish(from, to) {
      let pending: Promise<unknown>[] = [];
      for (let first = from; first < to; first += MESSAGES_IN_FLIGHT) {
        const going = Array.from({ length: Math.min(MESSAGES_IN_FLIGHT, to - first) }, (_none, nth) =>
          eventsOf(first + nth, calls),
        );
        for (let step = 0; step < going[0]!.length; step += 1)
          for (const events of going) pending.push(js.publish(events[step]!.subject, JSON.stringify(events[step])));
        if (pending.length < IN_FLIGHT) continue;
        await Promise.all(pending);
        pending = [];
      }
      await Promise.all(pending);
    },
    async recorded(count) {
      const watch = await usage.watch({ key: bridgeKey(calls.bridgeId) });
      for await (const entry of watch) {
        if (entry.operation === 'PUT' && usageConfirmation.parse(entry.json()).confirmed_through >= count) break;
      }
    },
    stop: () => nc.close(),
  };
}
