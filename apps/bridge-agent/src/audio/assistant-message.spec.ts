import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readAssistantMessage, type MessageVerdict } from './assistant-message.js';

const OURS = 'MZ00000000000000000000000000000003';
function read(text: string) {
  const asked: unknown[] = [];
  const verdict = readAssistantMessage(text, OURS, {
    media: (payload) => {
      asked.push({ payload });
    },
    mark: (name) => {
      asked.push({ name });
    },
    clear: () => {
      asked.push('clear');
    },
    digits: (digits) => {
      asked.push({ digits });
    },
  });
  return { verdict, asked };
}
const json = JSON.stringify;

describe('what an assistant says', () => {
  it.each<[string, string, unknown]>([
    ['media', json({ event: 'media', streamSid: OURS, media: { payload: 'AAAA' } }), { payload: 'AAAA' }],
    ['media without a stream', json({ event: 'media', media: { payload: '' } }), { payload: '' }],
    [
      'media with a track and other fields',
      json({
        event: 'media',
        streamSid: OURS,
        sequenceNumber: 4,
        media: { track: 'outbound', chunk: 2, payload: 'AA==' },
        x: [],
      }),
      { payload: 'AA==' },
    ],
    [
      'a mark',
      json({ event: 'mark', streamSid: OURS, mark: { name: 'start_acknowledged' } }),
      { name: 'start_acknowledged' },
    ],
    ['a mark with a name of nothing', json({ event: 'mark', streamSid: null, mark: { name: '' } }), { name: '' }],
    ['clear', json({ event: 'clear', streamSid: OURS }), 'clear'],
    [
      'a digit',
      json({ event: 'dtmf', streamSid: OURS, dtmf: { track: 'outbound_track', digit: '5' } }),
      { digits: '5' },
    ],
    ['digits with a pause', json({ event: 'dtmf', dtmf: { digits: '12w#A' } }), { digits: '12w#A' }],
  ])('%s', (_what, text, asked) => {
    expect(read(text).asked).toEqual([asked]);
  });

  it.each<[string, MessageVerdict]>([
    [json({ event: 'media', streamSid: 'MZ1', media: { payload: 'AAAA' } }), 'foreign'],
    [json({ event: 'clear', streamSid: 'MZ1' }), 'foreign'],
    [json({ event: 'clear', streamSid: 3 }), 'foreign'],
    [json({ event: 'connected' }), 'unknown'],
    [json({ event: 'toString', streamSid: OURS }), 'unknown'],
    ['', 'malformed'],
    ['{', 'malformed'],
    ['null', 'malformed'],
    ['"media"', 'malformed'],
    ['[{"event":"clear"}]', 'malformed'],
    [json({}), 'malformed'],
    [json({ event: 1 }), 'malformed'],
    [json({ event: 'media' }), 'malformed'],
    [json({ event: 'media', media: 'AAAA' }), 'malformed'],
    [json({ event: 'media', media: { payload: 5 } }), 'malformed'],
    [json({ event: 'media', media: [] }), 'malformed'],
    [json({ event: 'mark', mark: {} }), 'malformed'],
    [json({ event: 'dtmf' }), 'malformed'],
    [json({ event: 'dtmf', dtmf: { digit: 5 } }), 'malformed'],
    [json({ event: 'dtmf', dtmf: { digits: '1\nhangup' } }), 'malformed'],
    [json({ event: 'dtmf', dtmf: { digits: '1'.repeat(65) } }), 'malformed'],
    [json({ event: 'mark', mark: { name: {} } }), 'malformed'],
    [json({ event: 'mark', mark: { name: 'n'.repeat(257) } }), 'malformed'],
    ['['.repeat(100_000), 'malformed'],
    ['{"a":'.repeat(100_000), 'malformed'],
    ['{"__proto__":{"event":"clear"}}', 'malformed'],
  ])('%# asks for nothing', (text, verdict) => {
    expect(read(text)).toEqual({ verdict, asked: [] });
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.json(),
          fc.jsonValue().map((value) => json({ event: 'media', media: value })),
          fc.jsonValue().map((value) => json({ event: 'mark', mark: value })),
        ),
        (text) => {
          expect(['media', 'mark', 'clear', 'unknown', 'foreign', 'malformed']).toContain(read(text).verdict);
        },
      ),
    );
  });
});
