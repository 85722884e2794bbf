import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { VerificationAnswer, VerificationCall } from '@trunkmesh/contracts/address.js';
import { ADDRESS_VERIFY } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startHost, type Host } from './calls.fixture.js';
import { MAX_CALLS_PER_SOURCE, REFUSED_PER_WINDOW } from './verification-guard.js';

const CODE = '7712345678901234';
let host: Host;
let says: (request: VerificationCall) => VerificationAnswer | undefined;
const asked: VerificationCall[] = [];
beforeAll(async () => {
  host = await startHost();
  host.nc.subscribe(ADDRESS_VERIFY, {
    callback: (_error, message) => {
      const request = message.json<VerificationCall>();
      asked.push(request);
      const answer = says(request);
      if (answer !== undefined) message.respond(JSON.stringify(answer));
    },
  });
});
afterAll(() => host.stop());
afterEach(async () => {
  await host.stopAgents();
  asked.length = 0;
});

const accept = (): VerificationAnswer => ({ outcome: 'accepted' });
const dial = (more: object = {}) =>
  host.standIn.call({ source: { address: '192.0.2.7', port: 5071 }, from: '201', request_user: CODE, ...more });
const phases = () => asked.map(({ phase }) => phase);
const untilTold = (...wanted: string[]) =>
  eventually(() => phases().join() === wanted.join(), { message: `the phases ${wanted.join()}` });

describe('a verification call', () => {
  it('is answered, plays a tone, is confirmed when it is acknowledged, and leaves no record', async () => {
    says = accept;
    const calls = await host.startAgent();
    const call = dial({ request_user: `+${CODE}` });
    expect((await call.final).status).toBe(200);
    await untilTold('arrived', 'confirmed');
    expect(asked[1]).toMatchObject({
      code: CODE,
      call_id: call.uuid,
      bridge_id: 'bridge-1',
      pool: 'default',
      source_address: '192.0.2.7',
      source_port: 5071,
      transport: 'udp',
      request_uri_user: `+${CODE}`,
      from_user: '201',
    });
    expect(calls.live()).toBe(0);
    // The agent hangs up when the tone has been played.
    expect(await call.ended).toMatchObject({ cause: 'NORMAL_CLEARING', answered: true });
    expect(host.asked).toEqual([]);
    expect(await host.callEvents()).toEqual([]);
    expect(calls.unconfirmedRecords()).toBe(0);
  }, 20_000);

  it('is known by its To as well, and confirmed once although the caller hangs up at once', async () => {
    says = accept;
    await host.startAgent();
    const call = dial({ request_user: '9228', to: CODE, hangup_after_ms: 300 });
    await call.ended;
    await untilTold('arrived', 'confirmed');
  });

  it.each(['none', 'forged'] as const)('whose ACK is %s is not confirmed', async (ack) => {
    says = accept;
    await host.startAgent({ acknowledgedWithinMs: 1_500 });
    const call = dial({ ack });
    expect((await call.final).status).toBe(200);
    expect(await call.ended).toMatchObject({ cause: 'NORMAL_CLEARING' });
    await untilTold('arrived', 'abandoned');
  });

  it('that ends by a BYE before it is acknowledged is abandoned', async () => {
    says = accept;
    await host.startAgent();
    const call = dial({ ack: 'none', hangup_after_ms: 200 });
    await call.ended;
    await untilTold('arrived', 'abandoned');
  });

  it('whose answer would go elsewhere than to its source is refused before anybody is asked', async () => {
    says = accept;
    await host.startAgent();
    const call = dial({ headers: { Via: 'SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1;maddr=203.0.113.9' } });
    expect((await call.final).status).toBe(403);
    expect(asked).toEqual([]);
  });

  it.each(['unknown-code', 'code-expired', 'code-used', 'address-not-claimed', 'trunk-gone'] as const)(
    'is refused with 403 where trunk-service says %s',
    async (reason) => {
      says = () => ({ outcome: 'refused', reason, message: 'no' });
      await host.startAgent();
      expect((await dial().final).status).toBe(403);
      expect(phases()).toEqual(['arrived']);
      expect(await host.callEvents()).toEqual([]);
    },
  );

  it('is refused with 503 and Retry-After where trunk-service cannot tell', async () => {
    says = () => ({ outcome: 'refused', reason: 'unavailable', message: '' });
    await host.startAgent();
    expect(await dial().final).toMatchObject({ status: 503, headers: { 'Retry-After': '5' } });
    says = () => undefined;
    expect((await dial().final).status).toBe(503);
  }, 15_000);

  it('is reported again until trunk-service has taken it', async () => {
    let times = 0;
    says = ({ phase }) =>
      phase === 'confirmed' && (times += 1) < 3
        ? { outcome: 'refused', reason: 'unavailable', message: '' }
        : { outcome: 'accepted' };
    await host.startAgent();
    dial();
    await untilTold('arrived', 'confirmed', 'confirmed', 'confirmed');
  }, 15_000);

  it('is ignored from a source that dialled too many wrong codes; other sources are still checked', async () => {
    says = () => ({ outcome: 'refused', reason: 'unknown-code', message: 'no' });
    await host.startAgent();
    for (let n = 0; n < REFUSED_PER_WINDOW; n += 1) expect((await dial().final).status).toBe(403);
    expect((await dial().final).status).toBe(503);
    expect(asked).toHaveLength(REFUSED_PER_WINDOW);
    expect((await dial({ source: { address: '192.0.2.8' } }).final).status).toBe(403);
    expect(asked).toHaveLength(REFUSED_PER_WINDOW + 1);
  }, 20_000);

  it('beyond so many of one source is refused, and an agent that stops ends them', async () => {
    says = accept;
    const calls = await host.startAgent();
    const going = Array.from({ length: MAX_CALLS_PER_SOURCE }, () => dial({ ack: 'none' }));
    await Promise.all(going.map(({ final }) => final));
    expect((await dial().final).status).toBe(503);
    await calls.stop();
    for (const call of going) expect(await call.ended).toMatchObject({ cause: 'NORMAL_CLEARING' });
  }, 20_000);
});
