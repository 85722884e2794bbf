import { randomUUID } from 'node:crypto';
import { serve, type CallAddresses } from './audio-relay.process.js';

/** The agent's own engine, as it was built. Of it only what is used here. */
interface Engine {
  startAudio(call: object): {
    connected: Promise<
      { outcome: 'connected'; unicast: Record<string, string> } | { outcome: 'failed'; reason: string; detail: string }
    >;
  };
}
const { createAudioEngine } = (await import(
  new URL('../../apps/bridge-agent/dist/audio/audio-engine.net.js', import.meta.url).href
)) as { createAudioEngine(options: object): Engine };

/** Says nothing but what must not happen. */
const silent = (): void => {};
const logger = {
  child: () => logger,
  debug: silent,
  info: silent,
  warn: silent,
  error: (...what: unknown[]) => console.error(...what),
};
const engine = createAudioEngine({ ports: { first: 28_000, last: 29_999 }, logger });

serve(async (url): Promise<CallAddresses> => {
  const session = engine.startAudio({
    callSid: `CA${randomUUID().replaceAll('-', '')}`,
    accountSid: 'AC00000000000000000000000000000000',
    mediaUrl: url,
    parameters: {
      from: '+15550100001',
      to: '+15550100002',
      direction: 'inbound',
      target: { kind: 'assistant', id: 1 },
    },
    allowPrivateAddress: true,
    logger,
  });
  const connected = await session.connected;
  if (connected.outcome === 'failed') throw new Error(`${connected.reason}: ${connected.detail}`);
  return { freeswitch: Number(connected.unicast['local-port']), relay: Number(connected.unicast['remote-port']) };
});
