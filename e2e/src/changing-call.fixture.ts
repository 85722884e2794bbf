import { setTimeout as sleep } from 'node:timers/promises';
import type { AudioLog } from '@trunkmesh/contracts/audio.js';
import { PAYLOAD_TYPES, type Codec } from '@trunkmesh/testkit/rtp/g711.js';
import { openRtpPeer, type RtpPeer } from '@trunkmesh/testkit/rtp/rtp-peer.net.js';
import { tone, toneLevel } from '@trunkmesh/testkit/rtp/tone.js';
import { readSdp, type AudioDescription } from '@trunkmesh/testkit/sip/sdp.js';
import { placeSipCall } from '@trunkmesh/testkit/sip/sip-call.net.js';
import type { SipInvite, SipLine } from '@trunkmesh/testkit/sip/sip-line.js';
import type { AssistantConnection } from '@trunkmesh/testkit/assistant/media-stream.net.js';
import type { TalkingMesh } from './audio.fixture.js';

export interface Caller extends Pick<SipInvite, 'lateOffer' | 'transfer'> {
  number?: string;
  codecs?: readonly Codec[];
  /** What its packets hold, and what it announces. */
  packetMs?: number;
  ptime?: number;
  address?: string;
}

/** Of the record; the rest of it is other tests' matter. */
export interface CallRecord {
  type: string;
  end_reason: string;
  answered_at: string;
  ended_at: string;
  quality: { mos: number | null; packets_in: number; packets_out: number } | null;
  audio: AudioLog;
  timeline: { what: string; detail: string | null }[];
}

const LOUD = 4_000;
/**
 * From a change on the echo may be away for so long; then it is listened to for so long, and a busy host drops some of
 * it.
 */
const SILENT_MS = 1_000;
const LISTEN_MS = 800;
const HEARD = 0.7;
const WORD_MS = 100;
const AHEAD_MS = 500;
let callers = 0;

export const described = (codecs: readonly Codec[]): AudioDescription['codecs'] =>
  codecs.map((name) => ({ payloadType: PAYLOAD_TYPES[name], name }));

/**
 * A caller on the wire who speaks all the time, to an assistant that echoes; what it does to its audio in mid-call is
 * up to the test.
 */
export class ChangingCall {
  /** The longest silence after each change, in milliseconds. */
  readonly gaps: number[] = [];
  private readonly frequency = 500 + 50 * (callers % 40);
  private readonly speaking: NodeJS.Timeout;
  private readonly former: RtpPeer[] = [];

  readonly from: string;
  readonly line: SipLine;

  private constructor(
    private readonly mesh: TalkingMesh,
    readonly stream: AssistantConnection,
    { from, line }: { from: string; line: SipLine },
    public peer: RtpPeer,
  ) {
    this.from = from;
    this.line = line;
    const words = tone(this.frequency, WORD_MS / 20);
    const begun = performance.now() - AHEAD_MS;
    let said = 0;
    // Some words ahead: a busy host is late.
    this.speaking = setInterval(() => {
      for (; begun + said < performance.now(); said += WORD_MS) this.peer.say(words);
    }, WORD_MS);
  }

  static async place(mesh: TalkingMesh, caller: Caller = {}): Promise<ChangingCall> {
    callers += 1;
    const { codecs = ['PCMU'], packetMs = 20, ptime, address = '127.0.0.1', lateOffer, transfer } = caller;
    const from = mesh.newCaller();
    const peer = await openRtpPeer({ codec: codecs[0]!, packetMs, address });
    const line = await placeSipCall({
      from,
      number: caller.number ?? mesh.number,
      target: mesh.test.mesh.bridges[0]!.bridge.sip,
      address: mesh.carrier.gateway.split(':')[0]!,
      lateOffer,
      transfer,
      audio: { address, port: peer.port, codecs: described(codecs), ptime },
    });
    if (line.status !== 200) {
      await peer.close();
      throw new Error(`${from} was not answered but got ${line.status}`);
    }
    const { address: host, port } = readSdp(line.description)!;
    peer.sendTo(host, port);
    const stream = await mesh.streamOf(from).catch(async (error: unknown) => {
      await Promise.all([line.hangUp(), peer.close()]);
      throw error;
    });
    stream.echo();
    return new ChangingCall(mesh, stream, { from, line }, peer);
  }

  /** The description of its audio now; `other` differs. */
  audio(other: Partial<AudioDescription> = {}): AudioDescription {
    return { address: this.peer.address, port: this.peer.port, codecs: described([this.peer.codec]), ...other };
  }

  /** Taken, as nothing but 200 is. */
  async reinvite(other: Partial<AudioDescription> = {}, late = false): Promise<void> {
    const { status } = await this.line.reinvite(this.audio(other), late);
    if (status !== 200) throw new Error(`the INVITE within the call of ${this.from} got ${status}`);
  }

  /** Another telephone goes on in its place, from there. */
  async moveTo(address: string): Promise<void> {
    const { peer: before } = this;
    const peer = await openRtpPeer({ address, codec: before.codec });
    before.pause();
    this.former.push(before);
    this.peer = peer;
    this.line.moved(this.audio());
    peer.sendTo(before.target!.address, before.target!.port);
  }

  /** The echo comes within a second, and stays. */
  async untilHeard(what: string): Promise<void> {
    const from = performance.now();
    await sleep(SILENT_MS + LISTEN_MS);
    const until = performance.now();
    const loud = this.peer.heard.filter(({ at, samples }) => at > from && toneLevel(samples, this.frequency) > LOUD);
    const times = [from, ...loud.map(({ at }) => at), until];
    this.gaps.push(Math.max(...times.slice(1).map((at, nth) => at - times[nth]!)));
    const heardMs = loud
      .filter(({ at }) => at > until - LISTEN_MS)
      .reduce((sum, { samples }) => sum + samples.length / 8, 0);
    if (heardMs < HEARD * LISTEN_MS)
      throw new Error(`after ${what} ${this.from} hears itself for ${Math.round(heardMs)} of ${LISTEN_MS} ms`);
  }

  /** It says nothing more, and has said what it had to say. */
  async silence(): Promise<void> {
    clearInterval(this.speaking);
    await sleep(AHEAD_MS + 2 * WORD_MS);
  }

  async hangUp(): Promise<void> {
    clearInterval(this.speaking);
    await this.line.hangUp();
    await this.close();
  }

  /** The other side ends it. */
  async untilEnded(): Promise<void> {
    await this.line.ended;
    await this.close();
  }

  async record(): Promise<CallRecord> {
    const { type, data } = (await this.mesh.eventsOf(this.from)).at(-1)!;
    return { type, ...data } as unknown as CallRecord;
  }

  /** Gives up what it holds. */
  async close(): Promise<void> {
    clearInterval(this.speaking);
    await Promise.all([this.peer, ...this.former].map((peer) => peer.close()));
  }
}
