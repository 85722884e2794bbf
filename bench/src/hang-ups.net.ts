import { EslClient } from '@trunkmesh/testkit/freeswitch/esl-client.net.js';

/** A connection to FreeSWITCH's event socket that hears of every outbound channel that ends. */
export async function openHangUps(esl: { port: number; password: string }): Promise<HangUps> {
  const client = await EslClient.connect(esl.port);
  const hangUps = new HangUps(client);
  client.send(`auth ${esl.password}`);
  client.send('event plain CHANNEL_HANGUP_COMPLETE');
  return hangUps;
}

export class HangUps {
  /** Called for each that ended. */
  onHangUp: (() => void) | undefined;

  constructor(private readonly client: EslClient) {
    client.socket.on('data', () => {
      for (const { event } of client.frames.splice(0)) if (event !== undefined && isHangUp(event)) this.onHangUp?.();
    });
  }

  /** FreeSWITCH's own way: no program decides anything, and nobody takes the call. */
  originate(gateway: string, number: string): void {
    this.client.send(`bgapi originate {ignore_early_media=true}sofia/gateway/${gateway}/${number} &park()`);
  }

  close(): void {
    this.client.close();
  }
}

const isHangUp = (event: readonly [string, string][]) =>
  event.some(([name, value]) => name === 'Event-Name' && value === 'CHANNEL_HANGUP_COMPLETE');
