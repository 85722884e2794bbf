import { describe, expect, it } from '@jest/globals';
import type { SipMessage } from '@trunkmesh/contracts/sip-message.js';
import { readSipHead } from './sip-head.js';
import { TrunkLadders } from './trunk-ladders.js';

const TRUNK = '0190a5b2-7c00-7000-8000-0000000000b1';
let clock = 0;

function message(text: string): [Parameters<TrunkLadders['add']>[0], SipMessage, number] {
  const head = readSipHead(text)!;
  const at = `2026-11-28T10:00:00.${String((clock += 1)).padStart(6, '0')}Z`;
  const direction = head.status === undefined ? 'out' : 'in';
  return [head, { at, direction, method: head.method ?? null, status: head.status ?? null, text } as SipMessage, 0];
}
const request = (method: string, cseq: number, contact = `<sip:gw+${TRUNK}.3@192.0.2.10:5060>`) =>
  message(
    `${method} sip:example.com SIP/2.0\r\nCall-ID: ${method}\r\nCSeq: ${cseq} ${method}\r\nContact: ${contact}\r\n\r\n`,
  );
const response = (status: number, method: string, cseq: number) =>
  message(`SIP/2.0 ${status} X\r\nCall-ID: ${method}\r\nCSeq: ${cseq} ${method}\r\n\r\n`);

describe('the last exchanges of a gateway', () => {
  it('are the challenged registration, in order', () => {
    const ladders = new TrunkLadders();
    for (const one of [
      request('REGISTER', 1),
      response(401, 'REGISTER', 1),
      request('REGISTER', 2),
      response(200, 'REGISTER', 2),
    ])
      ladders.add(...one);
    const [part] = ladders.take(10, 1);
    expect(part!.trunkId).toBe(TRUNK);
    expect(part!.messages.map(({ method, status }) => method ?? status)).toEqual(['REGISTER', 401, 'REGISTER', 200]);
    expect(ladders.take(10, 1)).toEqual([]);
    expect(ladders.take(10, 4_000_000)).toHaveLength(1);
  });

  it('are published for a ping only where its outcome changes', () => {
    const ladders = new TrunkLadders();
    const ping = (cseq: number, status?: number) => {
      ladders.add(...request('OPTIONS', cseq));
      if (status !== undefined) ladders.add(...response(status, 'OPTIONS', cseq));
      return ladders.take(10, 1).length;
    };
    expect([ping(1, 200), ping(2, 200), ping(3), ping(4), ping(5), ping(6, 200)]).toEqual([1, 0, 0, 1, 0, 1]);
  });

  it('are of no gateway that FreeSWITCH did not name', () => {
    const ladders = new TrunkLadders();
    ladders.add(...request('REGISTER', 1, '<sip:alice@example.com>'));
    const [head, incoming, now] = request('OPTIONS', 1);
    ladders.add(head, { ...incoming, direction: 'in' }, now);
    ladders.add(...response(200, 'OPTIONS', 1));
    expect(ladders.take(10, 1)).toEqual([]);
  });
});
