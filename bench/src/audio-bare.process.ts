import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { serve, type CallAddresses } from './audio-relay.process.js';

/**
 * The measure: UDP to WebSocket and back with the conversions that the protocol demands, by the shortest code that
 * works. No queue, no clock, no checks, no counts.
 */
interface G711 {
  encodeMuLaw(source: Uint8Array, target: Uint8Array, count: number): void;
  decodeMuLaw(source: Uint8Array, target: Uint8Array, count: number): void;
}
const { encodeMuLaw, decodeMuLaw } = (await import(
  new URL('../../apps/bridge-agent/dist/audio/g711.js', import.meta.url).href
)) as G711;

/** Two a call, as the engine has them. */
let nextPort = 26_000;

serve(async (url): Promise<CallAddresses> => {
  const relay = nextPort,
    freeswitch = nextPort + 1;
  nextPort += 2;
  const ws = new WebSocket(url, { perMessageDeflate: false });
  await once(ws, 'open');
  const udp = createSocket('udp4').bind(relay, '127.0.0.1');
  await once(udp, 'listening');
  udp.connect(freeswitch, '127.0.0.1');
  await once(udp, 'connect');
  udp.on('error', () => {});

  const muLaw = Buffer.alloc(160);
  const l16 = Buffer.alloc(320);
  const streamSid = 'MZ00000000000000000000000000000000';
  let chunk = 0;
  ws.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
  ws.send(
    JSON.stringify({
      event: 'start',
      sequenceNumber: '1',
      streamSid,
      start: { streamSid, callSid: 'CA', customParameters: {} },
    }),
  );
  udp.on('message', (datagram) => {
    chunk += 1;
    encodeMuLaw(datagram, muLaw, 160);
    ws.send(
      `{"event":"media","sequenceNumber":"${chunk + 1}","streamSid":"${streamSid}","media":{"track":"inbound",` +
        `"chunk":"${chunk}","timestamp":"${chunk * 20}","payload":"${muLaw.toString('base64')}"}}`,
    );
  });
  ws.on('message', (text) => {
    const message = JSON.parse(text.toString()) as { event: string; media: { payload: string } };
    if (message.event !== 'media') return;
    decodeMuLaw(Buffer.from(message.media.payload, 'base64'), l16, 160);
    udp.send(l16);
  });
  return { freeswitch, relay };
});
