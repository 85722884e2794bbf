import { createSocket, type Socket } from 'node:dgram';
import { captureSettings } from './configuration.fs.js';
import { writeHep } from './hep.js';
import type { InboundCall } from './inbound.process.js';
import { invite, type InviteInput } from './invite.js';
import type { Switch } from './switch.process.js';

interface Peer {
  address: string;
  port: number;
}

/**
 * FreeSWITCH's own capture: a copy of the INVITE and of its final answer, to where the configuration says, with the
 * headers that the test gave; and of what is on the wire.
 */
export class SipCapture {
  private socket: Socket | undefined;

  constructor(private readonly freeswitch: Switch) {}

  follow(input: InviteInput, call: InboundCall): void {
    const request = invite.parse(input);
    const { sipAddress, sipPort } = this.freeswitch.sofia;
    const to = request.to ?? request.request_user;
    const given = Object.entries(request.headers).flatMap(([name, values]) =>
      [values].flat().map((value) => `${name}: ${value}`),
    );
    const common = [
      `Via: SIP/2.0/UDP ${request.source.address}:${request.source.port};branch=z9hG4bK-${call.uuid}`,
      `From: <sip:${request.from}@${request.source.address}>;tag=1`,
      `To: <sip:${to}@${sipAddress}>`,
      `Call-ID: ${call.callId}`,
      'CSeq: 1 INVITE',
    ];
    const send = (outgoing: boolean, lines: readonly string[], body = '') => {
      const sip = [...lines, `Content-Length: ${body.length}`, '', body].join('\r\n');
      this.copy(outgoing ? 'out' : 'in', request.source, sip);
    };
    send(
      false,
      [`INVITE sip:${request.request_user}@${sipAddress}:${sipPort} SIP/2.0`, ...common, ...given],
      request.sdp ?? 'v=0\r\n',
    );
    void call.final.then(({ status, phrase, headers }) => {
      send(true, [
        `SIP/2.0 ${status} ${phrase}`,
        ...common,
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      ]);
    });
  }

  /** A message as it is on the wire, from or to the peer. */
  copy(direction: 'in' | 'out', { address, port }: Peer, sip: string): void {
    const server = captureSettings(this.freeswitch.configuration);
    if (server === undefined) return;
    const { sipAddress, sipPort } = this.freeswitch.sofia;
    const [own, peer] = [
      { address: sipAddress, port: sipPort },
      { address, port },
    ];
    const ends = direction === 'out' ? { source: own, destination: peer } : { source: peer, destination: own };
    const datagram = writeHep({ ...ends, captureId: server.captureId, at: new Date(), sip });
    this.open().send(datagram, server.port, server.host);
  }

  stop(): void {
    this.socket?.close();
  }

  private open(): Socket {
    if (this.socket === undefined) {
      this.socket = createSocket('udp4');
      this.socket.on('error', () => undefined);
    }
    return this.socket;
  }
}
