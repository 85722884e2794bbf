import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { randomUUID } from 'node:crypto';
import { CALL_REQUESTS_STREAM, callRequestSubject, UNREADABLE_CALL_REQUESTS } from '@trunkmesh/contracts/subjects.js';
import { startTelemetry, type Telemetry } from '@trunkmesh/runtime/telemetry.otel.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { CALLED, startOutbound, type FakeBridge, type Outbound } from './outbound.fixture.js';

let outbound: Outbound;
let one: FakeBridge;
let telemetry: Telemetry;
beforeAll(async () => {
  telemetry = startTelemetry('trunk-service', {});
  outbound = await startOutbound();
  one = await outbound.bridge('bridge-1');
}, 60_000);
afterAll(async () => {
  await outbound?.stop();
  await telemetry?.shutdown();
});

const requestOf = (organization_id: string, from: string, more: object = {}) => ({
  specversion: '1.0',
  id: randomUUID(),
  source: 'campaigns.example.com',
  type: 'CallRequested',
  subject: callRequestSubject(organization_id),
  time: new Date().toISOString(),
  datacontenttype: 'application/json',
  data: { organization_id, from_phone_number: from, to_phone_number: CALLED, ...more },
});
const publish = (subject: string, event: unknown) =>
  jetstream(outbound.nc).publish(subject, typeof event === 'string' ? event : JSON.stringify(event));
const askedFor = (id: string) => one.asked.filter(({ call_id }) => call_id === id);
const firstEventOf = (organization: string, call: string) =>
  eventually(async () => (await outbound.eventsOf(organization, call))[0]);
async function left(subject: string): Promise<number> {
  const manager = await jetstreamManager(outbound.nc);
  const { state } = await manager.streams.info(CALL_REQUESTS_STREAM, { subjects_filter: subject });
  return state.subjects?.[subject] ?? 0;
}

describe('CallRequested', () => {
  it('places one call, of the id of the event, however often it comes', async () => {
    const { id, from, number } = await outbound.organization();
    const event = requestOf(id, from, {
      welcome_message: 'Hello {{name}}',
      variables: { name: 'Ana' },
      call_meta: { campaign: 'november' },
    });
    await publish(event.subject, event);
    await eventually(async () => (await outbound.rowOf(event.id))?.state === 'accepted');
    expect(askedFor(event.id)).toMatchObject([
      { organization_id: id, from, to: CALLED, number_id: number.id, welcome_message: 'Hello Ana' },
    ]);
    await publish(event.subject, event);
    await eventually(async () => (await left(event.subject)) === 0);
    expect(askedFor(event.id)).toHaveLength(1);
    expect(await outbound.eventsOf(id, event.id)).toEqual([]);
  });

  it('acts as an admin: it may choose the trunk, of its own organisation alone', async () => {
    const mine = await outbound.organization();
    const theirs = await outbound.organization();
    const chosen = requestOf(mine.id, mine.from, { sip_trunk_id: mine.trunk.id });
    await publish(chosen.subject, chosen);
    await eventually(async () => (await outbound.rowOf(chosen.id))?.state === 'accepted');
    expect(askedFor(chosen.id)).toMatchObject([{ attempts: [{ trunk_id: mine.trunk.id, chosen_by: 'request' }] }]);
    const foreign = requestOf(mine.id, mine.from, { sip_trunk_id: theirs.trunk.id });
    await publish(foreign.subject, foreign);
    expect(await firstEventOf(mine.id, foreign.id)).toMatchObject({
      type: 'CallRefused',
      data: { reason: 'unknown-trunk' },
    });
    await eventually(() => one.reported.some(({ data }) => data.call_id === foreign.id));
    expect(askedFor(foreign.id)).toEqual([]);
    one.reported.length = 0;
  });

  it('that is refused ends as CallRefused, once', async () => {
    const { id, from } = await outbound.organization();
    const abroad = requestOf(id, from, { to_phone_number: '+4930123456' });
    await publish(abroad.subject, abroad);
    await publish(abroad.subject, abroad);
    expect(await firstEventOf(id, abroad.id)).toMatchObject({
      type: 'CallRefused',
      data: { call_id: abroad.id, reason: 'country-not-allowed', organization_id: id },
    });
    const late = { ...requestOf(id, from), time: new Date(Date.now() - 3_600_000).toISOString() };
    await publish(late.subject, late);
    expect(await firstEventOf(id, late.id)).toMatchObject({ type: 'CallRefused', data: { reason: 'too-late' } });
    await eventually(async () => (await left(late.subject)) === 0);
    expect(await outbound.eventsOf(id, abroad.id)).toHaveLength(1);
    expect([...askedFor(abroad.id), ...askedFor(late.id)]).toEqual([]);
    // Whoever requested them has no answer: a bridge delivers their statuses.
    await eventually(() => one.reported.length === 2);
    expect(one.reported.map(({ data }) => data.call_id).sort()).toEqual([abroad.id, late.id].sort());
  });

  it('that always fails is refused, set aside, and holds up nobody', async () => {
    const { id, from } = await outbound.organization();
    // PostgreSQL has no character U+0000 in JSON.
    const failing = requestOf(id, from, { call_meta: { note: String.fromCharCode(0) } });
    const before = await left(UNREADABLE_CALL_REQUESTS);
    await publish(failing.subject, failing);
    expect(await firstEventOf(id, failing.id)).toMatchObject({
      type: 'CallRefused',
      data: { call_id: failing.id, reason: 'request-failed' },
    });
    await eventually(async () => (await left(UNREADABLE_CALL_REQUESTS)) === before + 1);
    expect(await outbound.eventsOf(id, failing.id)).toHaveLength(1);
  }, 20_000);

  it('has its call in the trace of the request', async () => {
    const { id, from } = await outbound.organization();
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
    const abroad = { ...requestOf(id, from, { to_phone_number: '+4930123456' }), traceparent };
    await publish(abroad.subject, abroad);
    expect((await firstEventOf(id, abroad.id)).traceparent).toContain(trace);
  });

  it("that cannot be read, or is of another organisation's subject, is set aside, and holds up nobody", async () => {
    const mine = await outbound.organization();
    const theirs = await outbound.organization();
    const foreign = requestOf(theirs.id, theirs.from);
    const subject = callRequestSubject(mine.id);
    const good = requestOf(mine.id, mine.from);
    const before = await left(UNREADABLE_CALL_REQUESTS);
    await publish(subject, 'no JSON');
    await publish(subject, { ...requestOf(mine.id, mine.from), data: { organization_id: mine.id } });
    await publish(subject, foreign);
    await publish(subject, good);
    await eventually(async () => (await outbound.rowOf(good.id))?.state === 'accepted');
    await eventually(async () => (await left(UNREADABLE_CALL_REQUESTS)) === before + 3);
    await eventually(async () => (await left(subject)) === 0);
    expect(await outbound.rowOf(foreign.id)).toBeUndefined();
  });
});
