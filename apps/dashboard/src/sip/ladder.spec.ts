import { describe, expect, it } from '@jest/globals';
import { ladderOf, spokenStep, type SipMessage } from './ladder.js';

const PBX = '198.51.100.7:5062';
const BRIDGE = '192.0.2.10:5060';

const message = (over: Partial<SipMessage>): SipMessage => ({
  at: '2026-03-01T10:00:00.000000Z',
  direction: 'in',
  source: PBX,
  destination: BRIDGE,
  transport: 'udp',
  method: 'INVITE',
  status: null,
  sip_call_id: 'a@pbx.example.com',
  cseq: '1 INVITE',
  text: 'INVITE sip:1@192.0.2.10 SIP/2.0\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n',
  truncated: false,
  ...over,
});
const answer = (at: string, status: number, over: Partial<SipMessage> = {}): SipMessage =>
  message({
    at,
    direction: 'out',
    source: BRIDGE,
    destination: PBX,
    method: null,
    status,
    text: `SIP/2.0 ${status} OK\r\n\r\n`,
    ...over,
  });

describe('the ladder of a call', () => {
  it('has a lane for each address, the bridge marked, and arrows with what passed between', () => {
    const { lanes, steps } = ladderOf([
      message({}),
      message({ at: '2026-03-01T10:00:00.000500Z' }),
      answer('2026-03-01T10:00:00.112000Z', 200),
      answer('2026-03-01T10:00:03.112000Z', 200, { cseq: '2 BYE' }),
    ]);
    expect(lanes).toEqual([
      { address: PBX, isBridge: false },
      { address: BRIDGE, isBridge: true },
    ]);
    expect(steps.map(({ label, after, from, to, isRepeated }) => [label, after, from, to, isRepeated])).toEqual([
      ['INVITE (SDP)', '0 ms', 0, 1, false],
      ['INVITE (SDP)', '+0.5 ms', 0, 1, true],
      ['200 OK', '+112 ms', 1, 0, false],
      ['200 OK (BYE)', '+3.00 s', 1, 0, true],
    ]);
    expect(spokenStep(steps[1]!)).toBe(`2. INVITE (SDP), sent again, from ${PBX} to ${BRIDGE}, +0.5 ms`);
  });

  it('gives the ports of an address one lane where there are many', () => {
    const { lanes, steps } = ladderOf(
      [5061, 5062, 5063, 5064, 5065].map((port) => message({ source: `[2001:db8::7]:${port}` })),
    );
    expect(lanes.map(({ address }) => address)).toEqual(['[2001:db8::7]', '192.0.2.10']);
    expect(steps.map(({ from }) => from)).toEqual([0, 0, 0, 0, 0]);
  });

  it('of no message is empty', () => expect(ladderOf([])).toEqual({ lanes: [], steps: [] }));
});
