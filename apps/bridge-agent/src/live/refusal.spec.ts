import { describe, expect, it } from '@jest/globals';
import { inboundDecision, REFUSALS, type RefusalReason } from '@trunkmesh/contracts/routing.js';
import type { Route } from './call-events.js';
import { refuseCommands, refusedHere } from './refusal.js';

const id = (n: number) => `0190000${n}-0000-7000-8000-000000000001`;
const route: Route = {
  outcome: 'route',
  organization_id: id(1),
  trunk_id: id(2),
  number_id: id(3),
  number: '+15551234567',
  decided_by: 'To',
  target: { kind: 'assistant', id: 1 },
  caller: null,
  explanation: { source_address: '192.0.2.1', claimed_gateway: null, candidates: [], steps: [], summary: 'x' },
};

describe('a refusal on the wire', () => {
  it.each<[RefusalReason, string]>([
    ['unknown-source', '403 Forbidden'],
    ['caller-country-not-allowed', '403 Forbidden'],
    ['trunk-disabled', '403 Forbidden'],
    ['organization-suspended', '403 Forbidden'],
    ['unknown-number', '404 Not Found'],
    ['inactive-number', '404 Not Found'],
    ['ambiguous-number', '484 Address Incomplete'],
    ['number-not-assigned', '480 Temporarily Unavailable'],
    ['limit-reached', '486 Busy Here'],
    ['no-common-codec', '488 Not Acceptable Here'],
    ['srtp-required', '488 Not Acceptable Here'],
    ['routing-unavailable', '503 Service Unavailable'],
    ['assistant-unavailable', '503 Service Unavailable'],
    ['call-not-recordable', '503 Service Unavailable'],
  ])('%s is %s', (reason, response) => {
    expect(refuseCommands(reason).at(-1)).toBe(
      `sendmsg\ncall-command: execute\nexecute-app-name: respond\nexecute-app-arg: ${response}`,
    );
  });

  it("all of the contract's reasons are in the table above", () => {
    expect(Object.keys(REFUSALS)).toHaveLength(14);
  });

  it('503 says when to try again', () => {
    expect(refuseCommands('routing-unavailable')[0]).toContain('execute-app-arg: sip_rh_Retry-After=5');
  });

  it('the reason goes along, except to a stranger', () => {
    expect(refuseCommands('unknown-number').join()).toContain('sip_rh_Warning=399 trunkmesh "unknown-number"');
    expect(refuseCommands('unknown-source')).toHaveLength(1);
  });

  it("one of the agent's own keeps whose call it was, and fits the contract", () => {
    const refusal = refusedHere(route, 'limit-reached', 'The limit is reached.');
    expect(inboundDecision.parse(refusal)).toMatchObject({
      reason: 'limit-reached',
      sip_status: 486,
      organization_id: id(1),
      trunk_id: id(2),
      number: '+15551234567',
      explanation: { summary: 'The limit is reached.' },
    });
  });
});
