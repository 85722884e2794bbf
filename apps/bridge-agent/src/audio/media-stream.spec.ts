import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { customParameters, sid, startMediaStream, type StreamParameters } from './media-stream.js';

const identity = {
  accountSid: 'AC00000000000000000000000000000001',
  callSid: 'CA00000000000000000000000000000002',
  streamSid: 'MZ00000000000000000000000000000003',
};
const call: StreamParameters = {
  from: '+15550100001',
  to: '+15550100002',
  direction: 'inbound',
  target: { kind: 'assistant', id: 7 },
};
const silence = Buffer.alloc(160, 0xff);
const said = (message: Buffer | string) => JSON.parse(message.toString()) as Record<string, unknown>;

describe("a stream's messages", () => {
  it('are those of the protocol, with counters as texts', () => {
    const stream = startMediaStream(identity);
    expect(said(stream.connected())).toEqual({ event: 'connected', protocol: 'Call', version: '1.0.0' });
    expect(said(stream.start({ From: '+15550100001' }))).toEqual({
      event: 'start',
      sequenceNumber: '1',
      streamSid: identity.streamSid,
      start: {
        ...identity,
        tracks: ['inbound'],
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
        customParameters: { From: '+15550100001' },
      },
    });
    expect(said(stream.media(silence, 0))).toEqual({
      event: 'media',
      sequenceNumber: '2',
      streamSid: identity.streamSid,
      media: { track: 'inbound', chunk: '1', timestamp: '0', payload: Buffer.from(silence).toString('base64') },
    });
    expect(said(stream.dtmf('#'))).toEqual({
      event: 'dtmf',
      sequenceNumber: '3',
      streamSid: identity.streamSid,
      dtmf: { track: 'inbound_track', digit: '#' },
    });
    expect(said(stream.mark('say "hé"\n'))).toEqual({
      event: 'mark',
      sequenceNumber: '4',
      streamSid: identity.streamSid,
      mark: { name: 'say "hé"\n' },
    });
    expect(said(stream.media(silence, 20))).toMatchObject({
      sequenceNumber: '5',
      media: { chunk: '2', timestamp: '20' },
    });
    expect(said(stream.stop())).toEqual({
      event: 'stop',
      sequenceNumber: '6',
      streamSid: identity.streamSid,
      stop: { accountSid: identity.accountSid, callSid: identity.callSid },
    });
  });

  it('are right frame by frame while the counters grow from one digit to many', () => {
    const stream = startMediaStream(identity);
    const audio = Buffer.from(Array.from({ length: 160 }, (_, index) => index));
    for (let chunk = 1; chunk <= 1_200; chunk += 1) {
      audio[0] = chunk & 0xff;
      const message = said(stream.media(audio, (chunk - 1) * 20));
      const media = message['media'] as Record<string, string>;
      if (
        message['sequenceNumber'] !== String(chunk) ||
        media['chunk'] !== String(chunk) ||
        media['timestamp'] !== String((chunk - 1) * 20)
      )
        throw new Error(JSON.stringify(message));
      if (media['payload'] !== Buffer.from(audio).toString('base64')) throw new Error(`payload of ${chunk}`);
    }
  });

  it("hold any timestamp, and any mark's name", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.string({ unit: 'binary' }), (timestamp, name) => {
        const stream = startMediaStream(identity);
        expect((said(stream.media(silence, timestamp))['media'] as Record<string, string>)['timestamp']).toBe(
          String(timestamp),
        );
        expect(said(stream.mark(name))['mark']).toEqual({ name });
      }),
    );
  });
});

describe('what the assistant learns about the call', () => {
  it('has the numbers under both names that clients read, and the assistant', () => {
    expect(customParameters(call)).toEqual({
      From: '+15550100001',
      To: '+15550100002',
      from_number: '+15550100001',
      to_number: '+15550100002',
      assistant_id: '7',
    });
  });

  it('has the mark of a withheld number, only where it is withheld', () => {
    expect(customParameters({ ...call, callerWithheld: true })).toMatchObject({
      From: '+15550100001',
      caller_withheld: 'true',
    });
    expect(customParameters({ ...call, callerWithheld: false })).not.toHaveProperty('caller_withheld');
  });

  it('has the flow, the direction, the words to begin with and the agenda', () => {
    expect(
      customParameters({
        ...call,
        direction: 'outbound',
        target: { kind: 'flow', id: 9 },
        welcomeMessage: 'Hello',
        agenda: 'Confirm',
      }),
    ).toMatchObject({ outbound: 'true', flow_id: '9', welcome_message: 'Hello', agenda: 'Confirm' });
  });

  it('lets no variable replace what we know', () => {
    expect(customParameters({ ...call, variables: { From: 'forged', assistant_id: '1', name: 'Ada' } })).toMatchObject({
      From: '+15550100001',
      assistant_id: '7',
      name: 'Ada',
    });
  });

  it('names calls by the digits of their UUID', () => {
    expect(sid('CA', '0190F3c2-0000-7000-8000-00000000000a')).toBe('CA0190f3c200007000800000000000000a');
  });
});
