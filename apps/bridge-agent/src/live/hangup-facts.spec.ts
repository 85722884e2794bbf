import { describe, expect, it } from '@jest/globals';
import { callQuality } from '@trunkmesh/contracts/call-parts.js';
import { lostCall, readHangup } from './hangup-facts.js';
import { recordedEvents } from '../esl/recorded-channel.fixture.js';

const NOW = new Date('2026-11-23T00:00:00.000Z');
const hangup = (variables: Record<string, string>) =>
  readHangup(new Map(Object.entries(variables).map(([name, value]) => [`variable_${name}`, value])), NOW);

describe('how a call ended', () => {
  it('as recorded: answered, hung up by the caller, with its quality', async () => {
    const [event] = await recordedEvents('inbound-call-outbound-socket.esl.txt', 'CHANNEL_HANGUP_COMPLETE');
    const facts = readHangup(event!, NOW);
    expect(facts).toEqual({
      answeredAt: new Date('2026-11-23T00:44:09.931Z'),
      endedAt: new Date('2026-11-23T00:44:13.951Z'),
      switchTimes: { started: 1795394649871039, answered: 1795394649931007, ended: 1795394653951005 },
      hangup_cause: 'NORMAL_CLEARING',
      q850: 16,
      sip_status: 200,
      hangup_disposition: 'recv_bye',
      codec: 'PCMU',
      reconstructed: false,
      transferStatus: null,
      rtp: { packetsIn: 149, flaws: 0 },
      quality: {
        mos: 4.5,
        quality_percentage: 100,
        jitter_min_ms: 0.3,
        jitter_max_ms: 5.84,
        packets_in: 149,
        packets_out: 185,
      },
    });
    expect(callQuality.parse(facts.quality)).toEqual(facts.quality);
  });

  it('as recorded: refused', async () => {
    const [event] = await recordedEvents('inbound-respond-404.esl.txt', 'CHANNEL_HANGUP_COMPLETE');
    expect(readHangup(event!, NOW)).toMatchObject({
      answeredAt: null,
      hangup_cause: 'UNALLOCATED_NUMBER',
      q850: 1,
      hangup_disposition: 'send_refuse',
      quality: null,
    });
  });

  it('a call that was given up has the status that went over the wire', () => {
    expect(hangup({ proto_specific_hangup_cause: 'sip:487', hangup_cause: 'ORIGINATOR_CANCEL' })).toMatchObject({
      sip_status: 487,
      hangup_cause: 'ORIGINATOR_CANCEL',
    });
  });

  it("of a call without audio FreeSWITCH's perfect figures mean nothing", () => {
    expect(
      hangup({
        rtp_audio_in_packet_count: '0',
        rtp_audio_out_packet_count: '50',
        rtp_audio_in_mos: '4.50',
        rtp_audio_in_quality_percentage: '100.00',
        rtp_audio_in_jitter_max_variance: '0.00',
      }).quality,
    ).toEqual({
      mos: null,
      quality_percentage: null,
      jitter_min_ms: null,
      jitter_max_ms: null,
      packets_in: 0,
      packets_out: 50,
    });
  });

  it('what is missing or no figure is null; the end is now', () => {
    expect(
      hangup({
        rtp_audio_in_packet_count: 'x',
        rtp_audio_out_packet_count: '1',
        rtp_audio_in_mos: 'nan',
        sip_term_status: '-1',
      }),
    ).toEqual({
      answeredAt: null,
      endedAt: NOW,
      hangup_cause: 'UNKNOWN',
      q850: null,
      sip_status: null,
      hangup_disposition: null,
      codec: null,
      reconstructed: false,
      transferStatus: null,
      quality: {
        mos: null,
        quality_percentage: null,
        jitter_min_ms: null,
        jitter_max_ms: null,
        packets_in: null,
        packets_out: 1,
      },
    });
  });

  it('unseen: it ended at the latest moment at which it is known to have lasted', () => {
    expect(lostCall(NOW, null, null)).toMatchObject({
      endedAt: NOW,
      reconstructed: true,
      hangup_cause: 'UNKNOWN',
      quality: null,
    });
  });
});
