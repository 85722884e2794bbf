import { findCarrier, registerAnswer } from './carrier.js';
import { profileOf } from './configuration.fs.js';
import { Gateway, readGateway, type GatewayEvent } from './gateway.js';
import type { Switch } from './switch.process.js';
import type { Headers } from './wire.js';

/** FreeSWITCH's own pace: one pass a second. An answer from the network comes some 20 ms after what it answers. */
const PASS_MS = 1_000;
const NETWORK_MS = 20;

export class SofiaWorker {
  private timer: NodeJS.Timeout | undefined;
  private readonly pending = new Set<NodeJS.Timeout>();

  constructor(private readonly freeswitch: Switch) {}

  start(): void {
    this.freeswitch.scanGateways = (only) => this.addFromConfiguration(only);
    this.addFromConfiguration();
    this.timer = setInterval(() => this.pass(), PASS_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    for (const timer of this.pending) clearTimeout(timer);
  }

  /** What `rescan` and `startgw` do after reading the files: add what is new by name, one of them or all. */
  private addFromConfiguration(only?: string): void {
    const known = new Set(
      this.freeswitch.gateways.filter((gateway) => !gateway.deleted).map((gateway) => gateway.settings.name),
    );
    for (const element of profileOf(this.freeswitch.configuration).gateways) {
      const read = readGateway(element);
      if (only !== undefined && element.attributes['name'] !== only) continue;
      if ('ignored' in read) this.complain(read.ignored);
      else if (known.has(read.settings.name)) this.complain(`Ignoring duplicate gateway '${read.settings.name}'`);
      else {
        known.add(read.settings.name);
        this.freeswitch.gateways.unshift(new Gateway(read.settings, Date.now()));
        this.freeswitch.events.fire(
          'CUSTOM',
          [
            ['Gateway', read.settings.name],
            ['profile-name', this.freeswitch.sofia.name],
          ],
          { subclass: 'sofia::gateway_add' },
        );
      }
    }
  }

  private pass(): void {
    const now = Date.now();
    for (const gateway of [...this.freeswitch.gateways]) {
      const pings = findCarrier(this.freeswitch.carriers, gateway.settings.registerProxy)?.answersPing ?? false;
      const { events, register, removed } = gateway.tick(now, pings);
      for (const event of events) this.tell(gateway, event);
      if (register === true) this.later(() => this.register(gateway));
      if (removed === true) this.remove(gateway);
    }
  }

  private register(gateway: Gateway): void {
    const answer = gateway.unsentAnswer ?? registerAnswer(this.freeswitch.carriers, gateway.settings);
    for (const event of gateway.answered(answer, Date.now())) this.tell(gateway, event);
  }

  private remove(gateway: Gateway): void {
    this.freeswitch.gateways = this.freeswitch.gateways.filter((other) => other !== gateway);
    this.freeswitch.events.fire(
      'CUSTOM',
      [
        ['profile-name', this.freeswitch.sofia.name],
        ['Gateway', gateway.settings.name],
      ],
      { subclass: 'sofia::gateway_delete' },
    );
  }

  private tell(gateway: Gateway, event: GatewayEvent): void {
    const network: Headers =
      event.network === undefined
        ? []
        : [
            ['Register-Network-IP', event.network.address],
            ['Register-Network-Port', String(event.network.port)],
          ];
    const answer: Headers =
      event.status === undefined
        ? []
        : [
            ['Phrase', event.phrase ?? ''],
            ['Status', String(event.status)],
          ];
    this.freeswitch.events.fire(
      'CUSTOM',
      [
        ['Gateway', gateway.settings.name],
        ['State', event.state],
        ['Ping-Status', event.up ? 'UP' : 'DOWN'],
        ...network,
        ...answer,
      ],
      { subclass: 'sofia::gateway_state' },
    );
  }

  private later(work: () => void): void {
    const timer = setTimeout(() => {
      this.pending.delete(timer);
      work();
    }, NETWORK_MS);
    this.pending.add(timer);
  }

  private complain(text: string): void {
    this.freeswitch.log({ level: 4, file: 'sofia.c', functionName: 'parse_gateways', line: 3690, text });
  }
}
