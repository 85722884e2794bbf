import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callRefused } from '@trunkmesh/contracts/call.js';
import { callSubject } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { startOutbound, type Outbound } from './outbound.fixture.js';

const SAMPLE = new URL('../../../../libs/contracts/samples/CallRefused.json', import.meta.url);
let outbound: Outbound;
beforeAll(async () => {
  outbound = await startOutbound();
}, 60_000);
afterAll(() => outbound?.stop());

const query = <Row>(text: string, values: unknown[]) => outbound.mesh.service.parts.record.query<Row>(text, values);

/** As a process left it that was killed before it could publish: the first one is the oldest. */
async function left(organizationId: string, events: readonly ((callId: string) => object)[]): Promise<string[]> {
  const callIds = events.map(() => randomUUID());
  for (const [index, event] of events.entries())
    await query(
      `insert into outbound_refusals (call_id, organization_id, event, created_at)
       values ($1, $2, $3, now() - interval '1 hour' + make_interval(secs => $4))`,
      [callIds[index], organizationId, JSON.stringify(event(callIds[index]!)), index],
    );
  return callIds;
}

const refusalOf = (organization_id: string) => (call_id: string) => {
  const sample = callRefused.parse(JSON.parse(readFileSync(SAMPLE, 'utf8')));
  return {
    ...sample,
    id: randomUUID(),
    subject: callSubject(organization_id, call_id),
    data: { ...sample.data, organization_id, call_id },
  };
};

type Left = (organizationId: string) => (callId: string) => object;
/** No stream has the subject, so that nobody confirms it. */
const misdirected: Left = (organizationId) => (callId) => ({
  ...refusalOf(organizationId)(callId),
  subject: `elsewhere.${callId}`,
});

describe('refusals that were left unpublished', () => {
  it.each<[string, number, Left]>([
    ['a look takes that cannot be read', 201, () => () => ({})],
    ['there may be that the log does not confirm', 3, misdirected],
  ])(
    'are published after more of them than %s',
    async (_what, count, bad) => {
      const { id } = await outbound.organization();
      const callIds = await left(id, [...Array<ReturnType<Left>>(count).fill(bad(id)), refusalOf(id)]);
      const last = callIds.at(-1)!;
      expect(await eventually(async () => (await outbound.eventsOf(id, last))[0])).toMatchObject({
        type: 'CallRefused',
        data: { call_id: last },
      });
      const putOff = await query<{ count: number }>(
        `select count(*)::int as count from outbound_refusals
       where organization_id = $1 and published_at is null and publish_at > created_at + interval '1 hour'`,
        [id],
      );
      expect(putOff).toEqual([{ count }]);
      await query('delete from outbound_refusals where organization_id = $1', [id]);
    },
    30_000,
  );
});
