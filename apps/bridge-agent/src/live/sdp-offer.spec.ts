import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { codecNames, hasCommonCodec, readAudioOffer } from './sdp-offer.js';

const sdp = (...media: string[]) =>
  ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0', ...media, ''].join('\r\n');
const G711 = ['PCMU', 'PCMA'];
const KEY = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj';

describe('the codecs of an offer', () => {
  it.each<[string, string[], string, boolean]>([
    ['G.729 alone, by its number', ['m=audio 4000 RTP/AVP 18'], 'G729', false],
    [
      'G.722 alone, by name',
      ['m=audio 4000 RTP/AVP 9 101', 'a=rtpmap:9 G722/8000', 'a=rtpmap:101 telephone-event/8000'],
      'G722',
      false,
    ],
    ['G.729 and PCMA', ['m=audio 4000 RTP/AVP 18 8'], 'G729, PCMA', true],
    ['PCMU in lower case', ['m=audio 4000 RTP/AVP 0', 'a=rtpmap:0 pcmu/8000'], 'PCMU', true],
    [
      'Opus and PCMU at 16 kHz',
      ['m=audio 4000 RTP/AVP 111 0', 'a=rtpmap:111 opus/48000/2', 'a=rtpmap:0 PCMU/16000'],
      'OPUS, PCMU',
      false,
    ],
    [
      'PCMU under a dynamic type, which FreeSWITCH does not take',
      ['m=audio 4000 RTP/AVP 96', 'a=rtpmap:96 PCMU/8000'],
      'PCMU',
      false,
    ],
    ['PCMU in a stream that is declined', ['m=audio 0 RTP/AVP 0'], 'no audio', false],
    ['PCMU in the second stream', ['m=image 4002 udptl t38', 'm=audio 4000 RTP/AVP 0'], 'PCMU', true],
    [
      'comfort noise and digits alone',
      ['m=audio 4000 RTP/AVP 13 101', 'a=rtpmap:101 telephone-event/8000'],
      'no audio',
      false,
    ],
    ['video alone', ['m=video 4000 RTP/AVP 97', 'a=rtpmap:97 H264/90000'], 'no audio', false],
    ['a dynamic type that is not explained', ['m=audio 4000 RTP/AVP 97'], 'no audio', false],
  ])('%s', (_what, media, names, common) => {
    const offer = readAudioOffer(sdp(...media))!;
    expect([codecNames(offer), hasCommonCodec(offer, G711)]).toEqual([names, common]);
  });

  it('are those that the trunk allows', () => {
    expect(hasCommonCodec(readAudioOffer(sdp('m=audio 4000 RTP/AVP 0'))!, ['PCMA'])).toBe(false);
  });

  it.each(['', '\r\n'])('are not known without an SDP (%j)', (text) => {
    expect(readAudioOffer(text)).toBeUndefined();
  });

  it('are read from whatever comes, and their names are harmless', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('m=audio 4000 RTP/AVP 0 8', 'a=rtpmap:0 PCMU/8000', 'v=0', KEY),
      fc.stringMatching(/^a=rtpmap:\d+ [^ ]*\/\d+$/),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const offer = readAudioOffer(lines.join('\n'));
        expect(offer === undefined ? 'none' : codecNames(offer)).toMatch(/^[\w.,\- ]{1,300}$/);
      }),
    );
  });
});

describe('the encryption of an offer', () => {
  it.each<[string, string[], boolean]>([
    ['plain RTP', ['m=audio 4000 RTP/AVP 0'], false],
    ['SDES', ['m=audio 4000 RTP/SAVP 0', KEY], true],
    ['SDES beside plain RTP (best effort), whose answer is encrypted', ['m=audio 4000 RTP/AVP 0', KEY], true],
    ['SRTP without a key', ['m=audio 4000 RTP/SAVP 0'], false],
    [
      'a suite that authenticates nothing',
      ['m=audio 4000 RTP/SAVP 0', 'a=crypto:1 AES_CM_128_NULL_AUTH inline:AAAA'],
      false,
    ],
    ['DTLS, its fingerprint in the stream', ['m=audio 4000 UDP/TLS/RTP/SAVPF 0', 'a=fingerprint:sha-256 AA:BB'], true],
    ['DTLS, its fingerprint in the session', ['a=fingerprint:sha-256 AA:BB', 'm=audio 4000 UDP/TLS/RTP/SAVPF 0'], true],
    [
      'an encrypted and a plain stream, of which FreeSWITCH would choose',
      ['m=audio 4000 RTP/SAVP 0', KEY, 'm=audio 4002 RTP/AVP 0'],
      false,
    ],
    ['a plain stream that is declined', ['m=audio 0 RTP/AVP 0', 'm=audio 4000 RTP/SAVP 0', KEY], true],
    ['no audio', ['m=image 4002 udptl t38', KEY], false],
  ])('%s', (_what, media, encrypted) => {
    expect(readAudioOffer(sdp(...media))?.encrypted).toBe(encrypted);
  });
});
