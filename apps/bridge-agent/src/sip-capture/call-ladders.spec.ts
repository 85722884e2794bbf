import { describe, expect, it } from '@jest/globals';
import type { SipMessage } from '@trunkmesh/contracts/sip-message.js';
import { DailyQuota } from './daily-quota.js';
import { CallLadders, MESSAGES_OF_CALL, UNOWNED_LADDERS, WAITING_CHARACTERS } from './call-ladders.js';

const PBX = '198.51.100.7';
const OWNER = { organizationId: 'org', numberId: null, callId: 'call' };
const message = (text: string) => ({ text }) as SipMessage;
const dialog = (over: Partial<{ sipCallId: string; remote: string; withinDialog: boolean }> = {}) => ({
  sipCallId: 'a@pbx',
  remote: PBX,
  withinDialog: false,
  ...over,
});
const texts = (ladders: CallLadders, now = 0) =>
  ladders.take(now).map((part) => [part.owner.callId, ...part.messages.map(({ text }) => text)]);

describe('SIP messages by call', () => {
  it('wait until their call is known, and then follow it once each', () => {
    const ladders = new CallLadders();
    ladders.add(dialog(), message('INVITE'), 0);
    expect(texts(ladders)).toEqual([]);
    ladders.own('a@pbx', PBX, OWNER, 1);
    ladders.add(dialog(), message('200'), 2);
    expect(texts(ladders)).toEqual([['call', 'INVITE', '200']]);
    // In-dialog from another address of the carrier.
    ladders.add(dialog({ remote: '198.51.100.8', withinDialog: true }), message('BYE'), 3);
    expect(texts(ladders)).toEqual([['call', 'BYE']]);
    expect(texts(ladders)).toEqual([]);
  });

  it('of a stranger with the same Call-ID are not the call’s', () => {
    const ladders = new CallLadders();
    ladders.add(dialog({ remote: '203.0.113.9' }), message('stranger'), 0);
    ladders.add(dialog(), message('INVITE'), 0);
    ladders.own('a@pbx', PBX, OWNER, 1);
    ladders.add(dialog({ remote: '203.0.113.9' }), message('stranger again'), 2);
    expect(texts(ladders)).toEqual([['call', 'INVITE']]);
  });

  it('of a loud organisation are left out beyond its share of the day, and nobody else’s', () => {
    const ladders = new CallLadders();
    const quota = new DailyQuota(1_000);
    const take = (now: number) =>
      ladders
        .take(now, (organization, amount) => quota.take(organization, amount, now))
        .map(({ owner, messages, leftOut }) => [owner.callId, messages.length, leftOut]);
    const call = (organizationId: string, callId: string, now: number) => {
      ladders.add(dialog({ sipCallId: callId }), message('INVITE'), now);
      ladders.own(callId, PBX, { organizationId, numberId: null, callId }, now);
    };
    for (const nth of [1, 2, 3, 4, 5]) call('loud', `loud-${nth}`, 0);
    call('quiet', 'quiet', 0);
    expect(take(0)).toEqual([
      ['loud-1', 1, 0],
      ['loud-2', 1, 0],
      ['loud-3', 1, 0],
      ['loud-4', 0, 1],
      ['loud-5', 0, 1],
      ['quiet', 1, 0],
    ]);
    ladders.add(dialog({ sipCallId: 'loud-4' }), message('200'), 1);
    expect(take(1)).toEqual([]);
    // Later it has a part of it again.
    ladders.add(dialog({ sipCallId: 'loud-4' }), message('BYE'), 60_000_000);
    ladders.own('loud-4', PBX, { organizationId: 'loud', numberId: null, callId: 'loud-4' }, 60_000_000);
    call('loud', 'loud-6', 60_000_000);
    expect(take(60_000_000)).toContainEqual(['loud-6', 1, 0]);
  });

  it('of an outbound attempt are found by the Call-ID alone', () => {
    const ladders = new CallLadders();
    ladders.add(dialog({ sipCallId: 'out' }), message('INVITE'), 0);
    ladders.own('out', undefined, OWNER, 1);
    ladders.own('never-seen', undefined, OWNER, 1);
    expect(texts(ladders)).toEqual([['call', 'INVITE']]);
  });

  it('are bounded in size while nobody takes them: what belongs to no call goes first', () => {
    const ladders = new CallLadders();
    const text = 'x'.repeat(8_192);
    const fits = Math.floor(WAITING_CHARACTERS / (text.length + 300));
    ladders.add(dialog({ sipCallId: 'mine' }), message(text), 0);
    ladders.own('mine', PBX, OWNER, 0);
    for (let at = 1; at < fits + 100; at += 1)
      ladders.add(dialog({ sipCallId: `flood-${at % 3_000}` }), message(text), 0);
    expect(ladders.dropped).toBeGreaterThanOrEqual(99);
    expect(ladders.dropped).toBeLessThan(200);
    ladders.add(dialog({ sipCallId: 'mine' }), message(text), 0);
    expect(ladders.take(0)).toMatchObject([{ leftOut: 0, messages: { length: 2 } }]);
    for (let call = 0; call <= fits / 32; call += 1) {
      ladders.own(`call-${call}`, PBX, { ...OWNER, callId: `call-${call}` }, 0);
      for (let at = 0; at < 32; at += 1) ladders.add(dialog({ sipCallId: `call-${call}` }), message(text), 0);
    }
    const taken = ladders.take(0).flatMap(({ messages }) => messages);
    expect(taken).toHaveLength(fits);
    expect(ladders.take(0)).toEqual([]);
    ladders.add(dialog({ sipCallId: 'mine' }), message(text), 0);
    expect(ladders.take(0)).toMatchObject([{ messages: { length: 1 } }]);
  });

  it('are bounded per call and altogether, and forgotten', () => {
    const ladders = new CallLadders();
    ladders.own('a@pbx', PBX, OWNER, 0);
    for (let at = 0; at < MESSAGES_OF_CALL + 5; at += 1) ladders.add(dialog(), message('x'), 0);
    expect(ladders.take(0)).toMatchObject([{ leftOut: 5, messages: { length: MESSAGES_OF_CALL } }]);
    for (let at = 0; at < UNOWNED_LADDERS + 500; at += 1)
      ladders.add(dialog({ sipCallId: `flood-${at}` }), message('INVITE'), 1);
    expect(ladders.size).toBe(UNOWNED_LADDERS + 1);
    ladders.take(200_000);
    expect(ladders.size).toBe(1);
    ladders.take(20_000_000);
    expect(ladders.size).toBe(0);
  });
});
