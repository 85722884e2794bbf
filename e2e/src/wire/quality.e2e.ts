import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { QualityCourse } from '@trunkmesh/contracts/call-parts.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { openRtpPeer, type RtpPeer } from '@trunkmesh/testkit/rtp/rtp-peer.net.js';
import { startTalkingMesh, type TalkingMesh } from '../audio.fixture.js';
import { startSipp } from '../sipp.fixture.js';

/** A real FreeSWITCH, SIPp as the carrier, and a caller whose packets get lost for a while. */
let mesh: TalkingMesh;
let peer: RtpPeer;

beforeAll(async () => {
  mesh = await startTalkingMesh();
  peer = await openRtpPeer();
});
afterAll(async () => {
  await peer?.close();
  await mesh?.stop();
});

describe('the course of the audio quality on a real FreeSWITCH', () => {
  it('shows when packets of the caller were lost, during the call and after it', async () => {
    const from = mesh.newCaller();
    const run = await startSipp({
      target: mesh.test.mesh.bridges[0]!.bridge.sip,
      number: mesh.number,
      address: mesh.carrier.gateway.split(':')[0]!,
      endedBy: 'other-side',
      talkMs: 60_000,
      callers: [{ from, audioPort: peer.port, codec: peer.codec }],
    });
    const stream = await mesh.streamOf(from);
    const seconds = (count: number) =>
      eventually(() => stream.of('media').length > count * 50, { timeoutMs: 30_000, message: `${count} s of audio` });
    await seconds(5.5);
    peer.loseEvery(4);
    await seconds(10.5);
    peer.loseEvery(undefined);
    const live = await mesh.org.api.get<{ items: { call_sid: string }[] }>('/api/v1/calls?status=ongoing');
    const soFar = await eventually(
      async () => {
        const path = `/api/v1/calls/${live.items[0]!.call_sid}/quality`;
        const answer = await mesh.org.api.get<{ quality_course: QualityCourse | null }>(path);
        return answer.quality_course?.mos.length === 2 ? answer.quality_course : undefined;
      },
      { timeoutMs: 5_000, message: 'two intervals of the call in progress' },
    );
    await seconds(12);
    stream.hangUp();
    await run.finished;
    const { call_id, quality_course } = (await mesh.eventsOf(from)).at(-1)!.data as unknown as {
      call_id: string;
      quality_course: QualityCourse;
    };
    const { mos, packets_in, flaws, interval_seconds } = quality_course;
    console.log(`score ${mos.join(', ')}; packets ${packets_in.join(', ')}; flaws ${flaws.join(', ')}`);
    expect([interval_seconds, mos.length]).toEqual([5, 3]);
    expect(mos[0]).toBeGreaterThan(4);
    expect(mos[1]).toBeLessThan(3.6);
    expect(packets_in[1]).toBeLessThan(packets_in[0]!);
    expect(flaws[1]).toBeGreaterThan(40);
    const firstTwo = { mos: mos.slice(0, 2), packets_in: packets_in.slice(0, 2), flaws: flaws.slice(0, 2) };
    expect(soFar).toMatchObject({ interval_seconds: 5, ...firstTwo });
    const shown = await mesh.org.api.get<{ quality_course: QualityCourse }>(`/api/v1/calls/${call_id}`);
    expect(shown.quality_course).toEqual(quality_course);
  }, 90_000);
});
