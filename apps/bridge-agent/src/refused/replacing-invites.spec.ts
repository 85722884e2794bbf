import { describe, expect, it } from '@jest/globals';
import { ReplacingInvites } from './replacing-invites.js';

const KEY = { callId: 'one@192.0.2.9', cseq: '1 INVITE' };
const inviteWith = (header: string) => `INVITE sip:1@192.0.2.1 SIP/2.0\r\nTo: <sip:1@192.0.2.1>\r\n${header}\r\n\r\n`;

describe('an answered INVITE that replaces a call', () => {
  it.each<[string, string, number, boolean]>([
    ['with the header', 'Replaces: x;to-tag=a;from-tag=b', 200, true],
    ['in any spelling', 'REPLACES \t: x;to-tag=a;from-tag=b', 200, true],
    ['behind more headers than are read', `${'X-A: 1\r\n'.repeat(500)}Replaces: x;to-tag=a;from-tag=b`, 200, true],
    ['which only says that it could', 'Supported: replaces', 200, false],
    ['which only speaks of it', 'Subject: Replaces: x', 200, false],
    ['which was refused', 'Replaces: x;to-tag=a;from-tag=b', 403, false],
  ])('%s', (_case, header, status, found) => {
    const invites = new ReplacingInvites();
    invites.invite(inviteWith(header), KEY);
    expect(invites.answer({ ...KEY, callId: 'another', status })).toBe(false);
    expect(invites.answer({ ...KEY, status })).toBe(found);
    expect(invites.answer({ ...KEY, status })).toBe(false);
  });

  it('is forgotten when a thousand others came after it', () => {
    const invites = new ReplacingInvites();
    for (let n = 0; n <= 1_000; n += 1) invites.invite(inviteWith('Replaces: x'), { ...KEY, callId: `${n}` });
    expect(invites.answer({ ...KEY, callId: '0', status: 200 })).toBe(false);
    expect(invites.answer({ ...KEY, callId: '1000', status: 200 })).toBe(true);
  });
});
