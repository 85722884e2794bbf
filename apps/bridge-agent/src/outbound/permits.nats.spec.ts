import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@trunkmesh/runtime/logger.process.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { CallLimits } from '../route/call-limits.js';
import { Permits } from './permits.nats.js';

const REQUEST = { call_id: 'c', attempt: 1, organization_id: 'o', trunk_id: 't', bridge_id: 'b1', channels: 0 };
const ONE_CHANNEL = { max_channels: 1, max_cps: null };

let permits: Permits;
afterEach(() => permits.stop());

/** Without NATS, as all that is known of it comes from `online`. */
function startPermits(online: () => readonly string[] | undefined): () => Promise<string> {
  const limits: CallLimits = new Map();
  permits = new Permits({
    ...{ link: { connection: undefined } as never, limits, bridgeId: 'b1', share: undefined, lookMs: 5 },
    ...{ onlineBridges: () => Promise.resolve(online()), noteShare: () => undefined },
    logger: createLogger('test', { level: 'silent' }),
  });
  return () =>
    permits.take(REQUEST, ONE_CHANNEL, { signal: new AbortController().signal, until: Date.now(), registers: false });
}

describe('the share of a bridge that trunk-service counted alone', () => {
  it('is what trunk-service gave, without NATS', async () => {
    const take = startPermits(() => undefined);
    expect(await take()).toBe('queue-timeout');
    permits.learn({ bridges: 1, place: 1 });
    expect(await take()).toBe('granted');
  });

  /** NATS is lost after the bridge saw that it is not alone. */
  async function afterALook() {
    let online: string[] | undefined = ['b0', 'b1'];
    let looks = 0;
    const take = startPermits(() => {
      looks += 1;
      return online;
    });
    permits.learn({ bridges: 1, place: 1 });
    await eventually(() => looks > 1, { message: 'a look for other bridges' });
    online = undefined;
    return take;
  }

  it('is smaller without NATS where another bridge was online before', async () => {
    const take = await afterALook();
    expect(await take()).toBe('queue-timeout');
  });

  it('grows again once trunk-service gives a larger one', async () => {
    const take = await afterALook();
    permits.learn({ bridges: 1, place: 1 });
    expect(await take()).toBe('granted');
  });
});
