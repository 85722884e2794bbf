import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../eventually.process.js';
import { findPassage } from './passage.js';
import { readDigit, readRtp, writeDigit, writeRtp } from './rtp-packet.js';
import { openRtpPeer, type RtpPeer } from './rtp-peer.net.js';
import { framesOf, tellingTone, tone } from './tone.js';

const open: RtpPeer[] = [];
const peer = async (...options: Parameters<typeof openRtpPeer>) => {
  const one = await openRtpPeer(...options);
  open.push(one);
  return one;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

describe('RTP on the wire', () => {
  const packet = {
    payloadType: 8,
    marker: true,
    sequence: 65_535,
    timestamp: 4_294_967_295,
    ssrc: 7,
    payload: Buffer.from('abc'),
  };

  it('a packet is read as it was written', () => {
    expect(readRtp(writeRtp(packet))).toEqual(packet);
  });

  it('contributing sources, a header extension and padding are no audio', () => {
    const plain = writeRtp({ ...packet, payload: Buffer.alloc(0) });
    const dressed = Buffer.concat([
      plain,
      Buffer.alloc(4),
      Buffer.from([0, 0, 0, 1]),
      Buffer.alloc(4),
      Buffer.from('abc'),
      Buffer.from([0, 2]),
    ]);
    dressed[0] = 0x80 | 0x20 | 0x10 | 1;
    expect(readRtp(dressed)?.payload.toString()).toBe('abc');
  });

  it.each<[string, Buffer]>([
    ['too short', Buffer.alloc(11, 0x80)],
    ['of another version', Buffer.alloc(20)],
    ['RTCP', Buffer.concat([Buffer.from([0x80, 200]), Buffer.alloc(20)])],
    ['shorter than its own header says', Buffer.concat([Buffer.from([0x8f, 0]), Buffer.alloc(11)])],
  ])('what is %s is no RTP', (_what, datagram) => {
    expect(readRtp(datagram)).toBeUndefined();
  });

  it('digits are there and back again', () => {
    for (const digit of '0123456789*#ABCD')
      expect(readDigit(writeDigit(digit, 800, true))).toEqual({ digit, duration: 800, end: true });
    expect(() => writeDigit('E', 0, false)).toThrow('is no digit');
    expect(readDigit(Buffer.from([16, 0, 0, 0]))).toBeUndefined();
  });
});

describe('two telephones', () => {
  it.each(['PCMU', 'PCMA'] as const)('hear each other in %s, every frame in its order', async (codec) => {
    const [here, there] = [await peer({ codec }), await peer({ codec })];
    const said = tone(tellingTone(0), 30);
    here.say(said);
    here.sendTo('127.0.0.1', there.port);
    await eventually(() => here.said.length === 30 && there.heard.length > 35, { message: 'the passage' });
    expect(
      findPassage(
        framesOf(said),
        there.heard.map(({ samples }) => samples),
      ),
    ).toMatchObject({ lost: 0, foreign: 0 });
    const [first, second] = there.heard;
    expect([(second!.sequence - first!.sequence) & 0xffff, second!.timestamp - first!.timestamp]).toEqual([1, 160]);
  });

  it('answer to where the first packet came from', async () => {
    const [here, there] = [await peer(), await peer()];
    here.sendTo('127.0.0.1', there.port);
    await eventually(() => here.heard.length > 0, { message: 'the answer' });
  });

  it('hear the keys, once each', async () => {
    const [here, there] = [await peer(), await peer()];
    here.press('15#5');
    here.sendTo('127.0.0.1', there.port);
    await eventually(() => there.digits.length === 4, { message: 'the digits' });
    expect(there.digits).toBe('15#5');
  });
});
