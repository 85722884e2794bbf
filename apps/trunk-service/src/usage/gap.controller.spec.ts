import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { USAGE_GAPS } from '@trunkmesh/contracts/subjects.js';
import type { UsageGap } from '@trunkmesh/contracts/usage-gap.js';
import type { Mesh } from '../mesh.fixture.js';
import { startMeshAndOthers, type Others } from '../others.fixture.js';

const GAPS = '/api/v1/usage/gaps';
const gap: UsageGap = {
  bridge_id: 'bridge-1',
  bridge_epoch: '0190a5b2-7c00-7000-8000-00000000000b',
  first: 17,
  last: 19,
  after: '2026-11-23T00:44:09.871Z',
  before: null,
  requested: true,
  acceptance: null,
};
let mesh: Mesh;
let others: Others;
let stop: (() => Promise<void>) | undefined;
beforeAll(async () => {
  ({ mesh, others, stop } = await startMeshAndOthers());
}, 60_000);
afterAll(() => stop?.());

describe('GET /api/v1/usage/gaps', () => {
  it('is for the operator, and for no key of an organisation', async () => {
    const { admin, member, publisher, id } = await mesh.organization();
    expect(await mesh.operator('GET', GAPS)).toMatchObject({ status: 503, body: { code: 'usage-unavailable' } });
    const asked = await others.answer(USAGE_GAPS, () => ({ outcome: 'gaps', items: [gap], total: 1 }));
    for (const key of [admin, member, publisher])
      expect(await key('GET', GAPS, undefined, { 'X-Organization-Id': id })).toMatchObject({
        status: 403,
        body: { code: 'not-allowed' },
      });
    expect(asked).toEqual([]);
    expect(await mesh.operator('GET', GAPS)).toMatchObject({ status: 200, body: { items: [gap], total: 1 } });
  });
});
