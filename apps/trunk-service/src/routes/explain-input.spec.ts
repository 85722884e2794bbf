import { describe, expect, it } from '@jest/globals';
import type { InboundDecision } from '@trunkmesh/contracts/routing.js';
import { bodyOfQuery, explainBody, readExplain } from './explain-input.js';
import { visibleDecision } from './route-report.js';

const INVITE =
  'INVITE sip:100@h SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7\nFrom: <sip:+15550000002@a>\nTo: ' +
  '<sip:+15550000003@h>\nDiversion: <sip:+15550000004@a>\n\n';
const ANONYMOUS = `INVITE sip:100@h SIP/2.0\nFrom: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=1\nTo: <sip:100@h>
P-Asserted-Identity: "A" <sip:+12015550123@a>\n\n`;
const read = (body: unknown) => readExplain(explainBody.parse(body));

describe('what is to be explained', () => {
  it('is an INVITE as text', () =>
    expect(read({ invite: INVITE })).toEqual({
      ok: true,
      viaAddress: '198.51.100.7',
      call: {
        request_uri_user: '100',
        to_user: '+15550000003',
        from_user: '+15550000002',
        claimed_gateway: null,
        headers: [['Diversion', '<sip:+15550000004@a>']],
      },
    }));
  it('or fields, as users or URIs', () =>
    expect(
      read({
        request_uri: 'sip:100@h;gw=g.1',
        to: '"B" <sip:+15550000003@h>',
        from: '+15550000002',
        headers: { diversion: ['1', '2'], 'X-Original-To': '3' },
      }),
    ).toMatchObject({
      call: {
        request_uri_user: '100',
        to_user: '+15550000003',
        from_user: '+15550000002',
        claimed_gateway: 'g.1',
        headers: [
          ['Diversion', '1'],
          ['Diversion', '2'],
          ['X-Original-To', '3'],
        ],
      },
      viaAddress: null,
    }));
  it('or both, where the fields win', () =>
    expect(read({ invite: INVITE, to: '+15550000009', gateway: 'g', headers: [] })).toMatchObject({
      call: { to_user: '+15550000009', request_uri_user: '100', claimed_gateway: 'g', headers: [] },
    }));
  it.each([
    ['as text', { invite: ANONYMOUS }, '+12015550123'],
    ['as text that asserts two', { invite: ANONYMOUS.replace('<sip:+1', '<sip:alice@a>, <sip:+1') }, '+12015550123'],
    ['as text that asserts none', { invite: ANONYMOUS.replace('P-Asserted', 'P-Other') }, 'anonymous'],
    ['as fields', { to: '1', from: 'a', headers: { 'p-asserted-identity': '<tel:+12015550123>' } }, '+12015550123'],
    ['as a query', bodyOfQuery({ to: '1', 'P-Asserted-Identity': '<sip: 12015550123@a>' }), '+12015550123'],
    ['as both: from goes before the text', { invite: ANONYMOUS, from: '+15550000008' }, '+15550000008'],
    ['as both: other headers leave it', { invite: ANONYMOUS, headers: { Diversion: '<sip:1@a>' } }, '+12015550123'],
  ])('has the caller that a call has, %s', (_what, body, caller) => {
    const answer = read(body);
    expect(answer).toMatchObject({ ok: true, call: { from_user: caller } });
    expect(JSON.stringify(answer)).not.toContain('sserted');
  });
  it.each([
    [{}, ''],
    [{ from: '1' }, ''],
    [{ invite: 'nonsense' }, '/invite'],
    [{ to: '1', headers: { 'X-Else': '1' } }, '/headers'],
    [{ to: '1'.repeat(300) }, ''],
  ])('%j is refused at %j', (body, pointer) => expect(read(body)).toMatchObject({ ok: false, pointer }));
  it('comes in a query, where a plus may have become a space', () =>
    expect(
      bodyOfQuery({
        to: ' 15550000003',
        request_uri: 'sip: 15550000001@h',
        Diversion: ['<sip: 15550000004@h>', 'b'],
        'x-original-to': 'c',
        from: 'Joe 1',
      }),
    ).toEqual({
      to: '+15550000003',
      request_uri: 'sip:+15550000001@h',
      from: 'Joe 1',
      headers: { Diversion: ['<sip:+15550000004@h>', 'b'], 'X-Original-To': ['c'] },
    }));
});

describe('what an organisation sees of a decision', () => {
  const [MINE, THEIRS] = ['01890000-0000-7000-8000-0000000000aa', '01890000-0000-7000-8000-0000000000bb'];
  const explanation = {
    source_address: '198.51.100.7',
    claimed_gateway: null,
    summary: 's',
    candidates: [
      { trunk_id: MINE, organization_id: MINE, matched_by: 'gateway-address' as const },
      { trunk_id: THEIRS, organization_id: THEIRS, matched_by: 'gateway-address' as const },
    ],
    steps: [
      { source: 'To' as const, raw: 'x', number: '+15550000003', verdict: 'other-organizations-number' as const },
    ],
  };
  const refusal = (organization_id: string | null): InboundDecision => ({
    outcome: 'refuse',
    reason: 'unknown-number',
    sip_status: 404,
    organization_id,
    trunk_id: organization_id,
    number: '+15550000003',
    explanation,
  });
  const route = (organization_id: string): InboundDecision => ({
    outcome: 'route',
    organization_id,
    trunk_id: organization_id,
    number_id: organization_id,
    number: '+15550000003',
    decided_by: 'To',
    target: { kind: 'assistant', id: 1 },
    caller: null,
    explanation,
  });

  it('is all of it for the operator', () => expect(visibleDecision(route(THEIRS), null)).toEqual(route(THEIRS)));
  it("names its own trunks only, and another's number like nobody's", () => {
    const seen = visibleDecision(refusal(MINE), MINE);
    expect(seen).toMatchObject({
      organization_id: MINE,
      explanation: { candidates: [{ organization_id: MINE }], steps: [{ verdict: 'nobodys-number' }] },
    });
    expect(seen.explanation.candidates).toHaveLength(1);
  });
  it.each([
    ['a refusal', refusal(THEIRS)],
    ['a route', route(THEIRS)],
  ])('holds nothing of others, in %s', (_what, decision) =>
    expect(JSON.stringify(visibleDecision(decision, MINE))).not.toContain(THEIRS),
  );
  it('keeps its own route', () =>
    expect(visibleDecision(route(MINE), MINE)).toMatchObject({ outcome: 'route', organization_id: MINE }));
});
