import { describe, expect, it } from '@jest/globals';
import type { EslReply } from '../esl/esl-connection.net.js';
import { api } from '../esl/esl-command.js';
import { Dialling } from './dialling.net.js';

const reply = (text: string): EslReply => ({
  outcome: 'reply',
  ok: !text.startsWith('-ERR'),
  text,
  frame: { headers: new Map(), body: '' },
});

/** What an attempt comes to where FreeSWITCH answers like this. */
async function dialled({ connected = true, again = false, exists = 'false', sent = reply('+OK') }) {
  const sends: string[] = [];
  const dialling = new Dialling({
    connected,
    api: () => Promise.resolve(reply(exists)),
    send: (command) => {
      sends.push(command);
      return Promise.resolve(connected ? sent : { outcome: 'disconnected' });
    },
  });
  const attempt = { callId: 'a', job: 'b', command: api('status'), again, givenUp: new AbortController().signal };
  const { outcome } = await dialling.dial(attempt, { onRinging: () => undefined, onAnswer: () => undefined });
  return { outcome, sends: sends.length };
}

describe('an attempt whose command', () => {
  it.each([
    ['has no connection to go over', { connected: false }, { outcome: 'unsent', sends: 0 }],
    ['FreeSWITCH refuses', { sent: reply('-ERR no') }, { outcome: 'unsent', sends: 1 }],
    ['may have arrived', { sent: { outcome: 'disconnected' } as EslReply }, { outcome: 'lost', sends: 1 }],
    ['was not answered', { sent: { outcome: 'timeout' } as EslReply }, { outcome: 'lost', sends: 1 }],
  ])('%s', async (_what, given, expected) => {
    expect(await dialled(given)).toEqual(expected);
  });
});
