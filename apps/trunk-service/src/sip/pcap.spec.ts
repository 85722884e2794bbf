import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { SipMessage } from '@trunkmesh/contracts/sip-message.js';
import { pcapOf } from './pcap.js';

const HEADERS = ['Call-ID: a@pbx.example.com', 'CSeq: 1 INVITE', 'Content-Length: 0', '', ''];
const message = (over: Partial<SipMessage>): SipMessage => ({
  at: '2026-11-28T10:00:00.000125Z',
  direction: 'in',
  source: '198.51.100.7:5062',
  destination: '192.0.2.10:5060',
  transport: 'udp',
  method: 'INVITE',
  status: null,
  sip_call_id: 'a@pbx.example.com',
  cseq: '1 INVITE',
  text: ['INVITE sip:+15551230001@192.0.2.10 SIP/2.0', ...HEADERS].join('\r\n'),
  truncated: false,
  ...over,
});
const CALL = [
  message({}),
  message({
    at: '2026-11-28T10:00:01.500000Z',
    source: '[2001:db8::10]:5060',
    destination: '[2001:db8:1::7]:5062',
    text: 'SIP/2.0 200 OK\r\nCall-ID: a@pbx.example.com\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n',
  }),
];

describe('SIP messages as a PCAP', () => {
  it('have their times, addresses, ports and checksums', () => {
    const view = new DataView(pcapOf(CALL).buffer);
    expect([view.getUint32(0), view.getUint32(20)]).toEqual([0xa1b2c3d4, 101]);
    expect([view.getUint32(24), view.getUint32(28)]).toEqual([Date.parse('2026-11-28T10:00:00Z') / 1_000, 125]);
    const packet = new Uint8Array(view.buffer, 40, view.getUint32(32));
    expect([...packet.subarray(12, 24)]).toEqual([198, 51, 100, 7, 192, 0, 2, 10, 0x13, 0xc6, 0x13, 0xc4]);
    let sum = 0;
    for (let at = 0; at < 20; at += 2) sum += (packet[at]! << 8) | packet[at + 1]!;
    expect((sum & 0xffff) + (sum >>> 16)).toBe(0xffff);
    expect(pcapOf([])).toHaveLength(24);
  });

  it('are read by tshark', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pcap-'));
    const file = join(folder, 'call.pcap');
    await writeFile(file, pcapOf(CALL));
    const { stdout } = await promisify(execFile)('tshark', TSHARK_ARGUMENTS(file));
    await rm(folder, { recursive: true });
    expect(stdout.trim().split('\n')).toEqual(EXPECTED);
  }, 60_000);
});

const TSHARK_ARGUMENTS = (file: string) => [
  ...['-r', file, '-o', 'udp.check_checksum:TRUE', '-T', 'fields', '-E', 'separator=,'],
  ...['frame.time_epoch', 'ip.src', 'ipv6.src', 'udp.srcport', 'udp.checksum.status', 'sip.Method', 'sip.Status-Code']
    .map((field) => ['-e', field])
    .flat(),
];
const EXPECTED = [
  '1795860000.000125000,198.51.100.7,,5062,3,INVITE,',
  '1795860001.500000000,,2001:db8::10,5060,1,,200',
];
