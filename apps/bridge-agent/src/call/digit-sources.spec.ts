import { describe, expect, it } from '@jest/globals';
import { createDigitSources } from './digit-sources.js';

type DigitMessage = [digit: string, source: string, at: number];
const keysOf = (messages: DigitMessage[]): string => {
  const isNew = createDigitSources();
  return messages
    .filter(([digit, source, at]) => isNew(digit, source, at))
    .map(([digit]) => digit)
    .join('');
};

describe('the keys that a phone sends', () => {
  it.each<[string, DigitMessage[], string]>([
    [
      'by telephone-event alone',
      [
        ['5', 'RTP', 0],
        ['5', 'RTP', 200],
        ['6', 'RTP', 400],
      ],
      '556',
    ],
    [
      'by INFO alone',
      [
        ['5', 'ENDPOINT', 0],
        ['5', 'ENDPOINT', 200],
      ],
      '55',
    ],
    [
      'twice, INFO first',
      [
        ['5', 'ENDPOINT', 0],
        ['5', 'RTP', 150],
        ['5', 'ENDPOINT', 400],
        ['5', 'RTP', 550],
      ],
      '55',
    ],
    [
      'twice, INFO last',
      [
        ['5', 'RTP', 0],
        ['5', 'ENDPOINT', 20],
        ['6', 'RTP', 300],
        ['6', 'ENDPOINT', 320],
      ],
      '56',
    ],
    [
      'twice, and the other way two keys later',
      [
        ['1', 'RTP', 0],
        ['1', 'RTP', 300],
        ['2', 'RTP', 600],
        ['1', 'ENDPOINT', 650],
        ['1', 'ENDPOINT', 660],
        ['2', 'ENDPOINT', 670],
      ],
      '112',
    ],
    [
      'one way now and another way three seconds later',
      [
        ['5', 'RTP', 0],
        ['5', 'ENDPOINT', 3_000],
      ],
      '55',
    ],
    [
      'different ones by different ways',
      [
        ['5', 'RTP', 0],
        ['6', 'ENDPOINT', 10],
      ],
      '56',
    ],
  ])('%s', (_how, messages, keys) => {
    expect(keysOf(messages)).toBe(keys);
  });
});
