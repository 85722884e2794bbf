import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startMesh, type Mesh } from '../mesh.fixture.js';

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
}, 60_000);
afterAll(() => mesh?.stop());

const plansOf = (id: string, from = '') => `/api/v1/organizations/${id}/rate-plans${from && `/${from}`}`;
const plan = { currency: 'USD', rate_per_minute_micros: 12_500 };

describe("an organisation's rate plans", () => {
  it('are set, changed and removed by the operator, and read by the organisation', async () => {
    const { id, member } = await mesh.organization();
    const later = await mesh.operator('PUT', plansOf(id, '2027-01-01'), { ...plan, increments: '1/1' });
    expect(later).toMatchObject({
      status: 200,
      body: { effective_from: '2027-01-01T00:00:00.000Z', increments: '1/1', free_minutes_per_month: 0, rates: [] },
    });
    await mesh.operator('PUT', plansOf(id, '2026-12-01T00:00:00Z'), plan);
    const changed = await mesh.operator('PUT', plansOf(id, '2027-01-01'), plan, {
      'If-Match': later.headers.get('ETag')!,
    });
    expect(changed).toMatchObject({ status: 200, body: { increments: '60/60' } });
    expect((await member('GET', plansOf(id))).body).toMatchObject([
      { organization_id: id, effective_from: '2026-12-01T00:00:00.000Z', currency: 'USD' },
      { organization_id: id, effective_from: '2027-01-01T00:00:00.000Z', increments: '60/60' },
    ]);
    expect(await mesh.operator('DELETE', plansOf(id, '2027-01-01'))).toMatchObject({ status: 204 });
    expect(await mesh.operator('DELETE', plansOf(id, '2027-01-01'))).toMatchObject({ status: 404 });
    expect((await member('GET', plansOf(id))).body).toHaveLength(1);
  });

  it("begin by date at the beginning of that day in the organisation's time zone", async () => {
    const { id, admin } = await mesh.organization();
    await admin('PATCH', `/api/v1/organizations/${id}`, { time_zone: 'America/New_York' });
    const beginning = async (from: string) => (await mesh.operator('PUT', plansOf(id, from), plan)).body.effective_from;
    expect(await beginning('2026-12-01')).toBe('2026-12-01T05:00:00.000Z');
    // Summer time begins and ends on these days.
    expect(await beginning('2027-03-14')).toBe('2027-03-14T05:00:00.000Z');
    expect(await beginning('2027-03-15')).toBe('2027-03-15T04:00:00.000Z');
    expect(await beginning('2027-11-07')).toBe('2027-11-07T04:00:00.000Z');
    expect(await beginning('2027-11-08')).toBe('2027-11-08T05:00:00.000Z');
    expect(await beginning('2027-06-01T00:00:00Z')).toBe('2027-06-01T00:00:00.000Z');
    expect(await mesh.operator('DELETE', plansOf(id, '2026-12-01'))).toMatchObject({ status: 204 });
  });

  it('are nothing that an organisation sets, or sees of another', async () => {
    const [{ id, admin }, other] = [await mesh.organization(), await mesh.organization()];
    await mesh.operator('PUT', plansOf(id, '2026-12-01'), plan);
    expect(await admin('PUT', plansOf(id, '2026-12-01'), plan)).toMatchObject({ status: 403 });
    expect(await admin('DELETE', plansOf(id, '2026-12-01'))).toMatchObject({ status: 403 });
    for (const key of [other.admin, other.member, other.publisher])
      expect(await key('GET', plansOf(id))).toMatchObject({ status: 404, body: { code: 'organization-not-found' } });
  });

  it('need an organisation and a time that can be', async () => {
    const { id } = await mesh.organization();
    const nobody = '0190a5b2-7c00-7000-8000-0000000000ff';
    expect(await mesh.operator('PUT', plansOf(nobody, '2026-12-01'), plan)).toMatchObject({ status: 404 });
    expect(await mesh.operator('PUT', plansOf(id, 'soon'), plan)).toMatchObject({ status: 400 });
    expect(await mesh.operator('PUT', plansOf(id, '2026-12-01'), { ...plan, surprise: 1 })).toMatchObject({
      status: 400,
    });
  });
});
