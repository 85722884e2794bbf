import { describe, expect, it } from '@jest/globals';
import type { GatewayStatus } from '@trunkmesh/contracts/bridge.js';
import { GatewayStates } from './gateway-states.js';

const report = (with_: Partial<GatewayStatus> = {}) => ({
  trunk_id: 't',
  bridge_id: 'b1',
  applied_revision: 1,
  state: 'REGED' as const,
  ping: null,
  ...with_,
});
const reported = (...reports: Partial<GatewayStatus>[]) => {
  const states = new GatewayStates();
  for (const one of reports) states.put(report(one));
  return states;
};

describe("a trunk's gateway", () => {
  it.each([
    ['registered', [{}], 'up'],
    ['trusted by address', [{ state: 'NOREG' as const }], 'up'],
    ['not registered', [{ state: 'FAIL_WAIT' as const }], 'down'],
    ['silent to OPTIONS', [{ ping: 'down' as const }], 'down'],
    ['not in FreeSWITCH yet', [{ applied_revision: null, state: null }], 'down'],
    ['registered and then not', [{}, { state: 'UNREGED' as const }], 'down'],
    ['down on one bridge and up on another', [{ state: 'DOWN' as const }, { bridge_id: 'b2' }], 'up'],
    ['reported by nobody', [], 'unknown'],
  ])('that is %s', (_what, reports, reach) => expect(reported(...reports).of('t')).toBe(reach));

  it('is known by the bridges that still report it', () => {
    const states = reported({}, { bridge_id: 'b2', state: 'FAILED' });
    states.remove('t', 'b1');
    expect(states.of('t')).toBe('down');
    states.remove('t', 'b2');
    expect(states.of('t')).toBe('unknown');
  });
});
