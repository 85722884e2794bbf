import { describe, expect, it } from '@jest/globals';
import type { EslReply } from '../esl/esl-connection.net.js';
import { api } from '../esl/esl-command.js';
import { Dialling, pauseAfterKill } from './dialling.net.js';

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
    wake: () => undefined,
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

describe('an attempt that is canceled', () => {
  /** FreeSWITCH makes its channel after the first `before` kills, and reports its end after the next one. */
  async function canceled(before: number) {
    const kills: string[] = [];
    const dialling: Dialling = new Dialling({
      connected: true,
      wake: () => undefined,
      send: () => Promise.resolve(reply('+OK')),
      api: (name, args) => {
        kills.push(`${name} ${args}`);
        if (kills.length <= before) return Promise.resolve(reply('-ERR No such channel!\n'));
        const headers = new Map([['Job-UUID', 'b']]);
        dialling.onEvent({ name: 'BACKGROUND_JOB', subclass: null, headers, body: '-ERR GATEWAY_DOWN\n' });
        return Promise.resolve(reply('+OK\n'));
      },
    });
    const attempt = {
      callId: 'a',
      job: 'b',
      command: api('status'),
      again: false,
      givenUp: new AbortController().signal,
    };
    const over = dialling.dial(attempt, { onRinging: () => undefined, onAnswer: () => undefined });
    dialling.cancel('a', 'ORIGINATOR_CANCEL');
    await over;
    return kills;
  }

  it('is killed until its channel was there', async () =>
    expect(await canceled(4)).toEqual(Array(5).fill('uuid_kill a ORIGINATOR_CANCEL')));

  it.each([
    ['at once again while it has no channel, as that is made within milliseconds', [0, 1, 2], false, [1, 2, 4]],
    ['less and less often', [4, 5, 6, 60], false, [16, 32, 50, 50]],
    ['rarely while its channel ends', [0, 3], true, [50, 50]],
  ])('is killed %s', (_what, kills, hasChannel, pauses) =>
    expect(kills.map((kill) => pauseAfterKill(kill, hasChannel))).toEqual(pauses),
  );
});

it('FreeSWITCH is woken while calls ring, so that their answers come at once', async () => {
  let [wakes, running] = [0, 0];
  const esl = { connected: true, send: () => new Promise<EslReply>(() => undefined), wake: () => (wakes += 1) };
  const every = (_milliseconds: number, act: () => void) => {
    act();
    running += 1;
    return () => (running -= 1);
  };
  const dialling = new Dialling({ ...esl, api: esl.send }, undefined, every);
  const dial = (callId: string) =>
    dialling.dial(
      { callId, job: callId, command: api('status'), again: false, givenUp: new AbortController().signal },
      { onRinging: () => undefined, onAnswer: () => undefined },
    );
  const rings = (callId: string) => {
    const headers = new Map([['Unique-ID', callId]]);
    dialling.onEvent({ name: 'CHANNEL_PROGRESS', subclass: null, headers, body: '' });
  };
  const attempts = [dial('a'), dial('b')];
  expect([wakes, running]).toEqual([0, 0]);
  rings('a');
  rings('b');
  rings('b');
  expect([wakes, running]).toEqual([1, 1]);
  dialling.answered('a', undefined);
  expect([wakes, running]).toEqual([1, 1]);
  dialling.onDown();
  expect([wakes, running]).toEqual([1, 0]);
  expect(await Promise.all(attempts)).toEqual([{ outcome: 'answered' }, { outcome: 'lost' }]);
});
