import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { refusedInvite } from '@trunkmesh/contracts/refused-call.js';
import { readHep } from '../sip-capture/hep.js';
import { maskSip } from '../sip-capture/sip-mask.js';
import { ownEndpoints } from '../sip-capture/own-endpoints.js';
import { fullNumbers, RefusedInvites, type RefusedInvite } from './refused-invites.js';
import { readSipHead } from '../sip-capture/sip-head.js';

/**
 * Recorded on a real FreeSWITCH (1.11.3-dev): what its capture sent for calls that it refused before the dialplan, and
 * for one that it placed itself.
 */
const RECORDED = readFileSync(
  new URL('../../../../libs/testkit/recordings/hep-refusals.base64.txt', import.meta.url),
  'utf8',
)
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => Buffer.from(line, 'base64'));
const OWN = new Set(['127.0.0.1:45060']);
const arrived = (sourceAddress: string, at = 0) => ({ sourceAddress, sdp: '', shown: undefined, at });

function refusals(
  datagrams: readonly Buffer[],
  handled: (sipCallId: string) => boolean = () => false,
): RefusedInvite[] {
  const invites = new RefusedInvites(handled);
  return datagrams.flatMap((datagram) => {
    const captured = readHep(datagram)!;
    const text = Buffer.from(captured.sip).toString('latin1');
    const head = readSipHead(text)!;
    if (head.method === 'INVITE' && OWN.has(captured.destination))
      invites.invite(head, {
        ...arrived(captured.sourceAddress),
        sdp: text.split('\r\n\r\n')[1]!,
        shown: maskSip(text),
      });
    return (OWN.has(captured.source) ? invites.answer(head, captured.destinationAddress) : undefined) ?? [];
  });
}

describe('what FreeSWITCH refused, from its capture', () => {
  it('is reported with its source, called number, reason and status', () => {
    const common = { called: '+15551230001', numbers: ['+15551230001'] };
    expect(refusals(RECORDED).map(({ users: _u, invite: _i, ...facts }) => facts)).toEqual([
      { ...common, sourceAddress: '127.0.0.9', reason: 'source-not-allowed', sipStatus: 403, detail: null },
      {
        ...common,
        sourceAddress: '127.0.0.2',
        reason: 'extension-not-supported',
        sipStatus: 420,
        detail: 'Unsupported: 100rel',
      },
      { ...common, sourceAddress: '127.0.0.2', reason: 'session-interval-too-small', sipStatus: 422, detail: null },
      {
        ...common,
        sourceAddress: '127.0.0.2',
        reason: 'offer-missing',
        sipStatus: 480,
        detail: 'MANDATORY_IE_MISSING',
      },
      {
        ...common,
        sourceAddress: '127.0.0.2',
        reason: 'bridge-unavailable',
        sipStatus: 503,
        detail: 'NORMAL_TEMPORARY_FAILURE',
      },
      { ...common, sourceAddress: '127.0.0.2', reason: 'authentication-required', sipStatus: 407, detail: null },
    ]);
  });

  it('is kept with what it says, without credentials', () => {
    const text = [
      'INVITE sip:9228:uri-secret@192.0.2.1 SIP/2.0',
      'From: "PBX" <sip:Pbx-User:from-secret@pbx.example.com>;tag=1',
      'To: <sip:9228@192.0.2.1>',
      'Contact: <sip:contact-user@203.0.113.9;token=contact-secret>',
      'Diversion: <sip:+15551230001:header-secret@pbx.example.com>',
      'Proxy-Authorization: Digest username="Auth-User", realm="x", response="digest-secret"',
      'Call-ID: x',
      'CSeq: 1 INVITE',
      'Content-Type: application/sdp',
      '',
      'v=0\r\nm=audio 4000 RTP/AVP 18 8\r\na=rtpmap:18 G729/8000\r\n',
    ].join('\r\n');
    const invites = new RefusedInvites(() => false);
    const shown = maskSip(text);
    invites.invite(readSipHead(text)!, { ...arrived('203.0.113.9', 1_000), sdp: text.split('\r\n\r\n')[1]!, shown });
    const kept = { called: '9228', ...invites.shownOf('x', '203.0.113.9') };
    expect(kept).toMatchObject({
      users: ['9228', 'pbx-user', 'contact-user', 'auth-user'],
      invite: {
        at: '1970-01-01T00:00:01.000Z',
        to: '<sip:9228@192.0.2.1>',
        sources: [
          { source: 'Diversion', value: '<sip:+15551230001:***@pbx.example.com>' },
          { source: 'Request-URI', value: '9228' },
          { source: 'To', value: '9228' },
        ],
        offer: ['G729', 'PCMA'],
        truncated: false,
      },
    });
    expect(refusedInvite.safeParse(kept.invite).error).toBeUndefined();
    expect(JSON.stringify(kept)).not.toContain('secret');
    expect(invites.shownOf('x', '203.0.113.10')).toEqual({ users: [], invite: undefined });
  });

  it('is reported once, however often the INVITE and its answer are sent again', () => {
    expect(refusals([...RECORDED, ...RECORDED, ...RECORDED])).toHaveLength(6);
  });

  it('is not reported for calls that the agent took', () => {
    expect(refusals(RECORDED, () => true)).toEqual([]);
  });

  it('costs bounded memory, whatever a scanner sends', () => {
    const invites = new RefusedInvites(() => false);
    const head = readSipHead(
      'INVITE sip:100@192.0.2.1 SIP/2.0\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nTo: <sip:100@192.0.2.1>\r\n\r\n',
    )!;
    for (let nth = 0; nth < 20_000; nth += 1)
      invites.invite({ ...head, callId: `c${nth}` }, arrived('203.0.113.9', nth));
    expect(invites.size).toBe(4_000);
    invites.invite({ ...head, callId: 'last' }, arrived('203.0.113.9', 100_000));
    expect(invites.size).toBe(1);
  });

  it('names full public numbers alone, in the order of the nine sources', () => {
    const headers: [string, string][] = [
      ['to', '<sip:x@y>'],
      ['history-info', '<sip:+15551230002@pbx.example.com>;index=1'],
      ['diversion', '<sip:+15551230001@pbx.example.com>;reason=unconditional'],
    ];
    expect(fullNumbers({ headers, request_uri_user: '9228', to_user: '0015551230003' })).toEqual([
      '+15551230001',
      '+15551230002',
      '+15551230003',
    ]);
  });
});

describe('a datagram on the capture port', () => {
  it("of anybody's making does no harm", () => {
    const recorded = fc.nat(RECORDED.length - 1).map((index) => RECORDED[index]!);
    const altered = fc
      .tuple(recorded, fc.array(fc.tuple(fc.nat(800), fc.nat(255)), { maxLength: 8 }))
      .map(([datagram, changes]) => {
        const copy = Buffer.from(datagram);
        for (const [at, byte] of changes) if (at < copy.length) copy[at] = byte;
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), altered), (bytes) => {
        const captured = readHep(bytes);
        if (captured === undefined) return;
        const head = readSipHead(Buffer.from(captured.sip).toString('latin1'));
        if (head === undefined) return;
        const invites = new RefusedInvites(() => false);
        invites.invite(head, arrived(captured.sourceAddress));
        const refused = invites.answer(
          { ...head, status: 403, cseq: `${head.cseq.split(' ')[0]} INVITE` },
          captured.sourceAddress,
        );
        expect(refused === undefined ? '' : refused.called).toMatch(/^[\x20-\x7e]{0,64}$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('may come over IPv6', () => {
    const chunk = (type: number, data: number[]) => [0, 0, 0, type, 0, 6 + data.length, ...data];
    const body = [
      ...chunk(5, [0x20, 1, 0xd, 0xb8, ...Array.from({ length: 11 }, () => 0), 9]),
      ...chunk(6, [...Array.from({ length: 15 }, () => 0), 1]),
      ...chunk(7, [0x13, 0xc4]),
      ...chunk(8, [0x13, 0xc4]),
      ...chunk(15, [65]),
    ];
    const length = body.length + 6;
    expect(readHep(Uint8Array.from([72, 69, 80, 51, length >> 8, length & 255, ...body]))).toMatchObject({
      source: '[2001:db8::9]:5060',
      sourceAddress: '2001:db8::9',
      destination: '[::1]:5060',
    });
  });
});

it("a profile's own addresses are those that it listens on", () => {
  const xml =
    '<profile><sip-ip>192.0.2.10</sip-ip><url>sip:mod_sofia@198.51.100.10:5060</url>' +
    '<bind-url>sip:mod_sofia@198.51.100.10:5060;maddr=192.0.2.10;transport=udp,tcp</bind-url>' +
    '<tls-url>sip:mod_sofia@198.51.100.10:5061</tls-url></profile>';
  expect([...ownEndpoints(xml)]).toEqual(['192.0.2.10:5060', '192.0.2.10:5061']);
  expect([...ownEndpoints('Invalid Profile!')]).toEqual([]);
});
