import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Leg } from './leg.process.js';
import type { Headers } from './wire.js';

const FRAME_MS = 20;
/** 20 ms of L16 at 8 kHz. */
const FRAME_BYTES = 320;
/** What is on its way to the file when FreeSWITCH is killed. */
const WRITTEN_TOGETHER = 12;
/** Stereo, 8 kHz, 16 bits, and the sizes of a file without a sample: they are written when it is closed. */
const HEAD = '524946460800000057415645666d74201000000001000200401f0000007d0000040010006461746100000000';

/**
 * The application `record_session` with RECORD_STEREO: the caller on the left, what came over `unicast` on the right,
 * both at FreeSWITCH's own clock. The file is finished, and named in the channel's variables, before the call's end is
 * reported. A file that cannot be made is reported in `record_completion_cause` and in no event.
 */
export function recordSession(leg: Leg, path: string): void {
  const file = opened(path);
  if (file === undefined) return leg.channel.set('record_completion_cause', 'uri-failure');
  const sides = { caller: Buffer.alloc(0), program: Buffer.alloc(0) };
  const recorded: Headers = [['Record-File-Path', path]];
  let unwritten: Buffer[] = [];
  let frames = 0;
  leg.media.tap = (from, l16) => {
    sides[from] = Buffer.concat([sides[from], l16]);
  };
  const next = (from: keyof typeof sides): Buffer => {
    const frame = Buffer.concat(
      [sides[from], Buffer.alloc(FRAME_BYTES)],
      Math.max(FRAME_BYTES, sides[from].length),
    ).subarray(0, FRAME_BYTES);
    sides[from] = sides[from].subarray(FRAME_BYTES);
    return frame;
  };
  const write = (): void => {
    writeSync(file, Buffer.concat(unwritten));
    unwritten = [];
  };
  const begin = performance.now();
  const timer = setInterval(() => {
    for (; begin + (frames + 1) * FRAME_MS <= performance.now(); frames += 1)
      unwritten.push(interleaved(next('caller'), next('program')));
    if (unwritten.length >= WRITTEN_TOGETHER) write();
  }, FRAME_MS / 2);
  leg.fire('RECORD_START', recorded);
  leg.atEnd.push(() => {
    clearInterval(timer);
    leg.media.tap = undefined;
    write();
    const bytes = frames * FRAME_BYTES * 2;
    for (const [at, size] of [
      [4, bytes + 36],
      [40, bytes],
    ] as const)
      writeSync(file, littleEndian(size), 0, 4, at);
    closeSync(file);
    const samples = bytes / 4;
    for (const [name, value] of [
      ['file_size', bytes + 44],
      ['samples', samples],
      ['seconds', Math.floor(samples / 8_000)],
      ['ms', samples / 8],
      ['completion_cause', 'success-silence'],
    ] as const) {
      leg.channel.set(`record_${name}`, String(value));
    }
    leg.fire('RECORD_STOP', [...recorded, ['Record-Completion-Cause', 'success-silence']]);
  });
}

/** FreeSWITCH makes the folders that are missing. */
function opened(path: string): number | undefined {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, 'w', 0o644);
    writeSync(file, Buffer.from(HEAD, 'hex'));
    return file;
  } catch {
    return undefined;
  }
}

function interleaved(left: Buffer, right: Buffer): Buffer {
  const both = Buffer.alloc(FRAME_BYTES * 2);
  for (let at = 0; at < FRAME_BYTES; at += 2) {
    left.copy(both, at * 2, at, at + 2);
    right.copy(both, at * 2 + 2, at, at + 2);
  }
  return both;
}

function littleEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
