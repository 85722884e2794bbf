import { setTimeout as sleep } from 'node:timers/promises';
import { PAYLOAD_TYPES } from '@trunkmesh/testkit/rtp/g711.js';
import { isSilent } from '@trunkmesh/testkit/rtp/passage.js';
import { openRtpPeer } from '@trunkmesh/testkit/rtp/rtp-peer.net.js';
import { placeSipCall } from '@trunkmesh/testkit/sip/sip-call.net.js';
import type { Heard } from './first-frames.net.js';
import { rate } from './http-load.net.js';

const CALLS_TOGETHER = 10;
const LISTENS_MS = 600;

interface Calls {
  calls: number;
  /** FreeSWITCH, and the address of a trunk whose number is called. */
  target: { host: string; port: number };
  address: string;
  number: string;
}

/**
 * The assistant speaks while the call rings, and the caller sends silence from the 200 on.
 */
export async function inboundFirstFrames({ calls, ...whom }: Calls): Promise<Heard> {
  for (let warm = 0; warm < 2 * CALLS_TOGETHER; warm += 1) await firstFrame(whom);
  const tookMs: number[] = [];
  const callsPerSecond = await rate(calls, CALLS_TOGETHER, async () => {
    const took = await firstFrame(whom);
    if (took !== undefined) tookMs.push(took);
  });
  return { tookMs, callsPerSecond };
}

async function firstFrame({ target, address, number }: Omit<Calls, 'calls'>): Promise<number | undefined> {
  const peer = await openRtpPeer();
  try {
    const codecs = [{ payloadType: PAYLOAD_TYPES.PCMU, name: 'PCMU' }];
    const audio = { address: peer.address, port: peer.port, codecs };
    const line = await placeSipCall({ number, from: '+15550100009', target, address, audio });
    const answeredAt = performance.now();
    if (line.status !== 200) return undefined;
    const port = /^m=audio (\d+)/m.exec(line.description)?.[1];
    peer.sendTo(target.host, Number(port));
    await sleep(LISTENS_MS);
    await line.hangUp();
    const first = peer.heard.find(({ samples }) => !isSilent(samples));
    return first && first.at - answeredAt;
  } finally {
    await peer.close();
  }
}
