import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { answerTo, cutStream, readSip, writeSip } from './sip-text.js';

describe('a SIP message', () => {
  it('reads back as it was written, with compact names', () => {
    const read = readSip(
      writeSip('SIP/2.0 200 OK', [
        ['v', 'SIP/2.0/UDP 192.0.2.1;branch=z9'],
        ['To', '<sip:a@b>'],
      ]),
    );
    expect(read).toMatchObject({ kind: 'answer', answer: { status: 200 } });
    expect(read?.kind === 'answer' && read.answer.header('via')).toBe('SIP/2.0/UDP 192.0.2.1;branch=z9');
  });

  it.each([
    '',
    'GET / HTTP/1.1\r\n\r\n',
    'SIP/2.0 999 Odd\r\n\r\n',
    'SIP/2.0 200 OK',
    `SIP/2.0 200 ${'x'.repeat(70_000)}\r\n\r\n`,
  ])('is none: %#', (text) => expect(readSip(text)).toBeUndefined());

  it('is never written with a line break in a value', () =>
    expect(() => writeSip('OPTIONS sip:a SIP/2.0', [['To', 'a\r\nX-Evil: 1']])).toThrow('line break'));

  it('is answered with the headers that tell which request it was', () =>
    expect(answerTo('BYE sip:a SIP/2.0\r\nVia: v\r\nCSeq: 2 BYE\r\nServer: secret', '200 OK')).toBe(
      'SIP/2.0 200 OK\r\nVia: v\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n',
    ));

  it('is read from whatever arrives without an error', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (head, rest) => {
        readSip(`SIP/2.0 200 ${head}\r\n${rest}\r\n\r\n`);
        cutStream(head + rest);
      }),
    );
  });
});

describe('a stream', () => {
  it('is cut into the same messages wherever it is split', () => {
    const messages = ['one', '', 'three\r\n\r\n'].map((body) => writeSip('SIP/2.0 200 OK', [['CSeq', '1 A']], body));
    const whole = `\r\n\r\n${messages.join('\r\n')}`;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length }), (at) => {
        const first = cutStream(whole.slice(0, at));
        const second = cutStream((first.rest ?? '') + whole.slice(at));
        expect([...first.messages, ...second.messages]).toEqual(messages);
      }),
    );
  });

  it.each(['x'.repeat(70_000), 'SIP/2.0 200 OK\r\nContent-Length: 99999\r\n\r\n'])(
    'that never ends a message is given up: %#',
    (text) => expect(cutStream(text)).toEqual({ messages: [], rest: null }),
  );
});
