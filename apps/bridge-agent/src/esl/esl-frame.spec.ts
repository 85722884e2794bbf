import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  createFrameReader,
  decodeValue,
  MAX_FRAME_BYTES,
  MAX_HEAD_BYTES,
  parseHeaderLines,
  type EslFrame,
} from './esl-frame.js';

const bytes = (text: string) => new TextEncoder().encode(text);

/** Feeds the bytes cut at the given places. */
function read(wire: Uint8Array, cuts: readonly number[] = []): EslFrame[] {
  const reader = createFrameReader();
  const places = [
    0,
    ...[...new Set(cuts)].filter((cut) => cut > 0 && cut < wire.length).sort((a, b) => a - b),
    wire.length,
  ];
  return places.slice(1).flatMap((end, index) => reader.push(wire.subarray(places[index], end)).frames);
}

const frameOf = (frame: { headers: [string, string][]; body: string }) =>
  [
    ...frame.headers.map(([name, value]) => `${name}: ${value}`),
    ...(frame.body === '' ? [] : [`Content-Length: ${bytes(frame.body).length}`]),
    '',
    '',
  ].join('\n') + frame.body;

describe('reading frames', () => {
  it('reads a head alone', () => {
    const [frame] = read(bytes('Content-Type: auth/request\n\n'));
    expect([...frame!.headers]).toEqual([['Content-Type', 'auth/request']]);
    expect(frame!.body).toBe('');
  });

  it('counts the body in bytes, not in characters', () => {
    const frames = read(
      bytes('Content-Length: 4\n\nü€'.replace('4', String(bytes('ü€').length)) + 'Content-Type: command/reply\n\n'),
    );
    expect(frames.map((frame) => frame.body)).toEqual(['ü€', '']);
  });

  it('does not take blank lines between frames for a frame', () => {
    expect(read(bytes('\n\nA: 1\n\n\n\nB: 2\n\n'))).toHaveLength(2);
  });

  it('reads heads whose lines end in CR LF', () => {
    expect(
      read(bytes('A: 1\r\nContent-Length: 2\r\n\r\nok')).map((frame) => [frame.headers.get('A'), frame.body]),
    ).toEqual([['1', 'ok']]);
  });

  it('reads the same frames however the bytes are cut', () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z-]{0,12}$/).filter((text) => text !== 'Content-Length');
    const value = fc.stringMatching(/^[\w%:;,./+@-]{0,20}$/);
    const frame = fc.record({
      headers: fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 4 }),
      body: fc.string({ unit: 'grapheme', maxLength: 40 }),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), fc.array(fc.nat(400)), (frames, cuts) => {
        const wire = bytes(frames.map(frameOf).join(''));
        expect(read(wire, cuts)).toEqual(read(wire));
        expect(read(wire).map(({ body }) => body)).toEqual(
          frames.map(({ body }) => new TextDecoder().decode(bytes(body))),
        );
      }),
    );
  });

  it('survives anything', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
        const reader = createFrameReader();
        for (const chunk of chunks) reader.push(chunk);
      }),
    );
  });

  it.each([
    ['Content-Length: -1\n\n', 'bad-content-length'],
    ['Content-Length: 1e3\n\n', 'bad-content-length'],
    ['Content-Length: 99999999999999\n\n', 'bad-content-length'],
    [`Content-Length: ${MAX_FRAME_BYTES + 1}\n\n`, 'frame-too-large'],
  ])('gives up on %j', (wire, error) => {
    const reader = createFrameReader();
    expect(reader.push(bytes(wire)).error).toBe(error);
    expect(reader.push(bytes('A: 1\n\n'))).toEqual({ frames: [], error });
  });

  it('gives up on a head without an end', () => {
    const reader = createFrameReader();
    const line = bytes(`${'x'.repeat(1023)}\n`);
    const errors = Array.from({ length: MAX_HEAD_BYTES / 1024 + 2 }, () => reader.push(line).error);
    expect(errors.at(-1)).toBe('head-too-large');
  });

  it('still answers the frames that came whole before the broken one', () => {
    expect(createFrameReader().push(bytes('A: 1\n\nContent-Length: x\n\n'))).toMatchObject({
      frames: [{ body: '' }],
      error: 'bad-content-length',
    });
  });
});

describe('header lines', () => {
  it('keep the first of several', () => {
    expect(parseHeaderLines('Unique-ID: a\nUnique-ID: b').get('Unique-ID')).toBe('a');
  });
  it('may be named like properties of objects', () => {
    expect(parseHeaderLines('__proto__: 1\nconstructor: 2').get('constructor')).toBe('2');
  });
  it('keep colons in values and drop what is no header', () => {
    expect([...parseHeaderLines('a: b: c\nnothing\n: x')]).toEqual([['a', 'b: c']]);
  });
});

describe('percent-encoding', () => {
  it.each([
    ['%2B15551230001', '+15551230001'],
    ['plain', 'plain'],
    // A caller can put this into a channel's name, and disconnect notices are not encoded.
    ['100%', '100%'],
    ['%zz%41', '%zzA'],
    ['%C3%BC', 'ü'],
    ['%FF%41', '\ufffdA'],
  ])('%s is %s', (encoded, decoded) => {
    expect(decodeValue(encoded)).toBe(decoded);
  });

  it('brings back whatever was encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => expect(decodeValue(encodeURIComponent(text))).toBe(text)),
    );
  });
});
