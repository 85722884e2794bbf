import { createServer, type Server, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { runApi } from './api.process.js';
import { SipCapture } from './capture.net.js';
import { carrier, type CarrierInput } from './carrier.js';
import { receive, type InboundCall } from './inbound.process.js';
import type { InviteInput } from './invite.js';
import { legsOf } from './leg.process.js';
import { EventSocketSession } from './session.net.js';
import { SofiaWorker } from './sofia.process.js';
import { answerDialogs } from './sip-dialogs.net.js';
import { Switch } from './switch.process.js';
import { block, commandReply, GOODBYE, type Command } from './wire.js';

export interface StandInOptions {
  /**
   * A FreeSWITCH configuration directory, as deploy/freeswitch/prepare.mjs makes one: `freeswitch.xml` and what it
   * includes.
   */
  confDir: string;
  /** In place of what the configuration says. */
  eslPort?: number;
  eslPassword?: string;
  carriers?: readonly CarrierInput[];
  /** Answers SIP requests within its calls' dialogs, on the profile's own port. */
  sip?: boolean;
}

export interface StandIn {
  readonly esl: { host: string; port: number; password: string };
  readonly freeswitch: Switch;
  /** Replaces what the other sides of the gateways do. */
  setCarriers(carriers: readonly CarrierInput[]): void;
  /** One more, or in place of the one with the same address. */
  addCarrier(one: CarrierInput): void;
  /** Injects an inbound call. */
  call(invite: InviteInput): InboundCall;
  gateways(): { name: string; proxy: string; state: string; up: boolean; callsOut: number }[];
  /** The channels of outbound calls. */
  outbound(): { uuid: string; gateway: string; answered: boolean }[];
  /** Ends at once, without a word to anybody, as a killed process would. */
  stop(): Promise<void>;
}

/**
 * A FreeSWITCH that is none: the event socket, the gateways, the dialplan and the calls as they were recorded, without
 * SIP on a wire.
 */
export async function startStandIn(options: StandInOptions): Promise<StandIn> {
  const freeswitch = new Switch(options.confDir, hostname());
  const set = (carriers: readonly CarrierInput[]) => {
    freeswitch.carriers = carriers.map((entry) => carrier.parse(entry));
  };
  set(options.carriers ?? []);
  const worker = new SofiaWorker(freeswitch);
  worker.start();
  const capture = new SipCapture(freeswitch);
  const configured = freeswitch.eventSocket;
  const esl = {
    host: configured.host,
    port: options.eslPort ?? configured.port,
    password: options.eslPassword ?? configured.password,
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    greet(freeswitch, socket, esl.password);
  });
  const port = await listen(server, esl.host, esl.port);
  const sip = options.sip === true ? await answerDialogs(freeswitch, capture) : undefined;
  return {
    esl: { ...esl, port },
    freeswitch,
    setCarriers: set,
    addCarrier: (one) => {
      freeswitch.carriers = [
        ...freeswitch.carriers.filter(({ address }) => address !== one.address),
        carrier.parse(one),
      ];
    },
    call: (input) => {
      const call = receive(freeswitch, input);
      capture.follow(input, call);
      return call;
    },
    gateways: () =>
      freeswitch.gateways.map(({ settings, state, up, callsOut }) => ({
        name: settings.name,
        proxy: settings.proxy,
        state,
        up,
        callsOut,
      })),
    outbound: () =>
      [...legsOf(freeswitch).values()]
        .filter(({ channel }) => channel.direction === 'outbound' && !channel.hungUp)
        .map(({ uuid, channel }) => ({
          uuid,
          gateway: channel.variables.get('sip_gateway_name') ?? '',
          answered: channel.answered,
        })),
    stop: async () => {
      worker.stop();
      capture.stop();
      sip?.close();
      for (const leg of [...legsOf(freeswitch).values()]) leg.hangup('MANAGER_REQUEST');
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as { port: number }).port));
  });
}

function greet(freeswitch: Switch, socket: Socket, password: string): void {
  let known = false;
  const session = new EventSocketSession(freeswitch, socket, runApi, (command: Command) => {
    if (known) return undefined;
    const [word, given] = command.line.split(' ');
    if (word === 'exit') return undefined;
    if (word !== 'auth') return commandReply('-ERR command not found');
    if (given === password) {
      known = true;
      return commandReply('+OK accepted');
    }
    setImmediate(() => {
      session.send(
        block([
          ['Content-Type', 'text/disconnect-notice'],
          ['Content-Length', String(GOODBYE.length)],
        ]) + GOODBYE,
      );
      socket.end();
    });
    return commandReply('-ERR invalid');
  });
  session.send(block([['Content-Type', 'auth/request']]));
}
