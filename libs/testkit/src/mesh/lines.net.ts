import { openRtpPeer } from '../rtp/rtp-peer.net.js';
import { fromL16, PAYLOAD_TYPES, toL16 } from '../rtp/g711.js';
import { framesOf } from '../rtp/tone.js';
import { placeSipCall } from '../sip/sip-call.net.js';
import type { MeshCarrier } from './carrier.js';
import type { Line, LineCall } from './line.js';
import type { BridgeOfMesh } from './mesh.process.js';

/** A call of the carrier with somebody on the line. Resolves with the answer or the refusal. */
export function placeLine(
  { bridge, controlPort }: Pick<BridgeOfMesh, 'bridge' | 'controlPort'>,
  carrier: Pick<MeshCarrier, 'gateway'>,
  call: LineCall,
): Promise<Line> {
  const address = carrier.gateway.split(':')[0]!;
  if (bridge.freeswitch === 'real') return sipLine(call, { address, target: bridge.sip });
  return standInLine(call, { control: `http://127.0.0.1:${controlPort}`, source: address });
}

async function sipLine(
  { codec = 'PCMU', ...call }: LineCall,
  from: { address: string; target: { host: string; port: number } },
): Promise<Line> {
  const peer = await openRtpPeer({ codec });
  const codecs = [{ payloadType: PAYLOAD_TYPES[codec], name: codec }];
  const audio = { address: peer.address, port: peer.port, codecs };
  const line = await placeSipCall({ ...call, ...from, headers: headerLines(call.headers), audio }).catch(
    async (error: unknown) => {
      await peer.close();
      throw error;
    },
  );
  if (line.status !== 200) await peer.close();
  // A telephone that got a BYE falls silent.
  void line.ended.then(() => peer.close());
  return {
    status: line.status,
    say: async (samples) => {
      peer.say(samples);
    },
    heard: async () => peer.heard.map(({ samples }) => samples),
    press: async (digits) => {
      peer.press(digits);
    },
    changeCodec: async (name) => {
      const offered = [{ payloadType: PAYLOAD_TYPES[name], name }];
      await line.reinvite({ address: peer.address, port: peer.port, codecs: offered });
      peer.speak({ codec: name });
    },
    digits: async () => peer.digits,
    hangUp: () => line.hangUp(),
    ended: line.ended.then(() => undefined),
    close: async () => {
      if (line.status === 200) await line.hangUp();
      await peer.close();
    },
  };
}

/** A header with several values is several lines. */
const headerLines = (headers: LineCall['headers'] = {}): (readonly [string, string])[] =>
  Object.entries(headers).flatMap(([name, value]) => [value].flat().map((line) => [name, line] as const));

const LOOK_MS = 20_000;

/** `control`: the stand-in's. */
async function standInLine(call: LineCall, { control, source }: { control: string; source: string }): Promise<Line> {
  const ask = async (method: string, path: string, body?: string | Buffer): Promise<Response> => {
    const response = await fetch(`${control}${path}`, {
      method,
      body: body as never,
      signal: AbortSignal.timeout(LOOK_MS + 5_000),
    });
    if (!response.ok) throw new Error(`the stand-in answered ${response.status}: ${await response.text()}`);
    return response;
  };
  const invite = {
    source: { address: source, port: 5060 },
    from: call.from,
    request_user: call.number,
    to: call.to,
    headers: call.headers,
    transfer: call.transfer,
  };
  const { uuid, status } = (await (await ask('POST', '/calls', JSON.stringify(invite))).json()) as {
    uuid: string;
    status: number;
  };
  let over = status !== 200;
  // A caller without words sends numbered frames; this one is silent.
  if (!over) await ask('POST', `/calls/${uuid}/audio`, Buffer.alloc(0));
  const untilEnded = async (): Promise<void> => {
    while (!over)
      over = ((await (await ask('GET', `/calls/${uuid}?wait=${LOOK_MS}`)).json()) as { ended: boolean }).ended;
  };
  const ended = untilEnded();
  // A stand-in that is killed takes its calls with it.
  ended.catch(() => undefined);
  const hangUp = async (): Promise<void> => {
    if (over) return;
    await ask('DELETE', `/calls/${uuid}`);
    await ended;
  };
  return {
    status,
    ended,
    hangUp,
    say: async (samples) => {
      await ask('POST', `/calls/${uuid}/audio`, toL16(samples));
    },
    heard: async () => framesOf(fromL16(Buffer.from(await (await ask('GET', `/calls/${uuid}/audio`)).arrayBuffer()))),
    press: async (digits) => {
      await ask('POST', `/calls/${uuid}/digits`, JSON.stringify({ digits }));
    },
    changeCodec: async (name) => {
      await ask('POST', `/calls/${uuid}/codec`, JSON.stringify({ codec: name }));
    },
    digits: async () => ((await (await ask('GET', `/calls/${uuid}/digits`)).json()) as { digits: string }).digits,
    close: hangUp,
  };
}
