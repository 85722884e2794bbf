import { describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { callId } from '@trunkmesh/testkit/call-events.js';
import type { EslReply } from '../esl/esl-connection.net.js';
import { started } from '../call-record/call-record.fixture.js';
import { createStory } from '../live/call-story.js';
import { endCalls } from './end-calls.net.js';
import type { LiveCall } from '../live/live-calls.js';
import type { EventSocket } from '../live/call-search.net.js';

const reply = (text: string): EslReply => ({
  outcome: 'reply',
  ok: true,
  text,
  frame: { headers: new Map(), body: text },
});
const leftOver = (call_id: string): LiveCall => {
  const event = started(1);
  const at = new Date(0);
  const call = { ...event, data: { ...event.data, call_id } };
  return { started: call, story: createStory(), answered: null, kept: 0, lastSeen: at, watch: 'watched', since: at };
};

/** One call that has no connection of its own, and an event socket that answers so. */
async function ended(call: LiveCall, says: EslReply | 'away') {
  const sent: string[] = [];
  const socket = {
    connected: says !== 'away',
    api: (name: string, args: string) => {
      sent.push(`${name} ${args}`);
      return Promise.resolve(says);
    },
  } as EventSocket;
  const logger = pino({ level: 'silent' });
  const ports = { conversations: new Map(), live: { unheldOf: () => [call] }, eventSocket: socket, logger };
  const request = {
    organization_id: '01900001-0000-7000-8000-000000000001',
    reason: 'organization-suspended',
  } as const;
  const counts = await endCalls(request, ports);
  return { sent, counts };
}

describe('a call without a connection of its own', () => {
  it.each<[string, EslReply | 'away', number, boolean]>([
    ['FreeSWITCH ends it', reply('+OK\n'), 1, true],
    ['it is gone already', reply('-ERR No such channel!\n'), 1, true],
    ['FreeSWITCH says something else', reply('-ERR\n'), 0, true],
    ['FreeSWITCH does not answer', { outcome: 'timeout' }, 0, true],
    ['FreeSWITCH is disconnected', 'away', 0, false],
  ])('%s', async (_case, says, confirmed, asked) => {
    const call = leftOver(callId(1));
    const { sent, counts } = await ended(call, says);
    expect(counts).toEqual({ ended: confirmed, unconfirmed: 1 - confirmed });
    expect(sent).toEqual(asked ? [`uuid_kill ${callId(1)} NORMAL_CLEARING`] : []);
    expect(call.story.intended).toBe(asked ? 'organization-suspended' : undefined);
  });

  it('is asked again to end where the first time failed, and its story says so once', async () => {
    const call = leftOver(callId(1));
    await ended(call, { outcome: 'timeout' });
    expect((await ended(call, reply('+OK\n'))).counts).toEqual({ ended: 1, unconfirmed: 0 });
    expect(call.story.timeline.map(({ what }) => what)).toEqual(['hang-up-requested']);
  });

  it.each(['x NORMAL_CLEARING\nshutdown', `${callId(1)}\n\napi shutdown`, ''])(
    '%j is no UUID and enters no command',
    async (hostile) => {
      expect(await ended(leftOver(hostile), reply('+OK\n'))).toEqual({
        sent: [],
        counts: { ended: 0, unconfirmed: 1 },
      });
    },
  );
});
