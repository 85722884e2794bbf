import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { readRtp, writeRtp } from '@trunkmesh/testkit/rtp/rtp-packet.js';
import { createSrtp } from '@trunkmesh/testkit/rtp/srtp.js';
import { headerOf, headersOf, parseSip, writeSip, type SipMessage } from '@trunkmesh/testkit/sip/sip-message.js';
import { cutMessages } from '@trunkmesh/testkit/sip/sip-stream.js';

export interface SecureCall {
  port: number;
  address: string;
  from: string;
  number: string;
  srtp: boolean;
  /** In Contact; absent: that of the connection. */
  contactPort?: number;
}

/**
 * A caller that speaks SIP over TLS and, where it offers it, SRTP with keys in the SDP (RFC 4568). Real bytes on the
 * loopback.
 */
export interface SecureCaller {
  /** Every status of the first INVITE, in order; the last one is final. */
  readonly statuses: readonly number[];
  /** The answer's SDP. */
  readonly answer: string;
  /** The methods of the requests that came over its connection. */
  readonly asked: readonly string[];
  /** The final status of an INVITE within the call that offers this. */
  reinvite(srtp: boolean): Promise<number>;
  /** Speaks for a second; the payloads that came back, authentic and decrypted. */
  talk(payload: Buffer): Promise<Buffer[]>;
  hangUp(): Promise<void>;
  close(): void;
}

const SUITE = 'AES_CM_128_HMAC_SHA1_80';
const token = () => randomBytes(8).toString('hex');

export async function callOverTls(call: SecureCall): Promise<SecureCaller> {
  const tcp = connectTcp({ host: '127.0.0.1', port: call.port, localAddress: call.address });
  await once(tcp, 'connect');
  const socket = connect({ socket: tcp, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const rtp = createSocket('udp4');
  rtp.bind(0, call.address);
  await once(rtp, 'listening');
  // A test that fails leaves them open, and must not keep the run from ending.
  tcp.unref();
  rtp.unref();
  const caller = new Caller(call, socket, rtp);
  await caller.invite(call.srtp);
  return caller;
}

class Caller implements SecureCaller {
  readonly statuses: number[] = [];
  answer = '';
  readonly asked: string[] = [];
  private readonly master = randomBytes(30);
  private readonly callId: string;
  private readonly from: string;
  private to: string;
  private remote: string;
  private sequence = 0;
  private received = Buffer.alloc(0);
  private onResponse: (response: SipMessage) => void = () => undefined;

  constructor(
    private readonly call: SecureCall,
    private readonly socket: TLSSocket,
    private readonly rtp: Socket,
  ) {
    this.callId = `${token()}@${call.address}`;
    this.from = `<sip:${call.from}@${call.address}>;tag=${token()}`;
    this.to = `<sip:${call.number}@127.0.0.1:${call.port}>`;
    this.remote = `sip:${call.number}@127.0.0.1:${call.port};transport=tls`;
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      this.read(bytes);
    });
  }

  async invite(srtp: boolean): Promise<void> {
    const final = await this.request('INVITE', srtp, (response) => {
      this.statuses.push(response.status!);
    });
    this.answer = final.body;
    this.to = headerOf(final, 'to');
    if (final.status === 200) this.remote = /<([^>]+)>/.exec(headersOf(final, 'contact')[0] ?? '')?.[1] ?? this.remote;
    this.acknowledge();
  }

  async reinvite(srtp: boolean): Promise<number> {
    const final = await this.request('INVITE', srtp);
    this.acknowledge();
    return final.status!;
  }

  async talk(payload: Buffer): Promise<Buffer[]> {
    const theirs = Buffer.from(
      new RegExp(`^a=crypto:\\d+ ${SUITE} inline:([A-Za-z\\d+/=]+)`, 'm').exec(this.answer)?.[1] ?? '',
      'base64',
    );
    const [out, back] = [createSrtp(this.master), createSrtp(theirs)];
    const port = Number(/^m=audio (\d+)/m.exec(this.answer)?.[1]);
    const heard: Buffer[] = [];
    this.rtp.on('message', (datagram) => {
      const packet = back.unprotect(datagram);
      const read = packet === undefined ? undefined : readRtp(packet);
      if (read !== undefined) heard.push(Buffer.from(read.payload));
    });
    for (let sequence = 1; sequence <= 50; sequence += 1) {
      this.rtp.send(
        out.protect(writeRtp({ payloadType: 0, marker: false, sequence, timestamp: sequence * 160, ssrc: 7, payload })),
        port,
        '127.0.0.1',
      );
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
    return heard;
  }

  async hangUp(): Promise<void> {
    await this.request('BYE');
    this.close();
  }

  close(): void {
    this.socket.destroy();
    this.rtp.close();
  }

  private acknowledge(): void {
    this.socket.write(writeSip(`ACK ${this.remote} SIP/2.0`, this.headers('ACK')));
  }

  private request(
    method: 'INVITE' | 'BYE',
    srtp?: boolean,
    seen: (response: SipMessage) => void = () => undefined,
  ): Promise<SipMessage> {
    this.sequence += 1;
    const { from, address, contactPort = this.socket.localPort } = this.call;
    const contact: [string, string][] = [
      ['Contact', `<sip:${from.replace('+', '')}@${address}:${contactPort};transport=tls>`],
    ];
    const body: [string, string][] = srtp === undefined ? [] : [['Content-Type', 'application/sdp']];
    this.socket.write(
      writeSip(
        `${method} ${this.remote} SIP/2.0`,
        [...this.headers(method), ...contact, ...body],
        srtp === undefined ? '' : this.offer(srtp),
      ),
    );
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        reject(new Error(`no final answer to ${method} within 15 s`));
      }, 15_000);
      this.onResponse = (response) => {
        seen(response);
        if (response.status! < 200) return;
        clearTimeout(deadline);
        resolve(response);
      };
    });
  }

  private headers(method: string): [string, string][] {
    const via = `SIP/2.0/TLS ${this.call.address}:${this.socket.localPort};rport;branch=z9hG4bK${token()}`;
    return [
      ['Via', via],
      ['Max-Forwards', '70'],
      ['From', this.from],
      ['To', this.to],
      ['Call-ID', this.callId],
      ['CSeq', `${this.sequence} ${method}`],
    ];
  }

  private offer(srtp: boolean): string {
    const { address } = this.call;
    return [
      'v=0',
      `o=caller 1 ${this.sequence} IN IP4 ${address}`,
      's=-',
      `c=IN IP4 ${address}`,
      't=0 0',
      `m=audio ${this.rtp.address().port} RTP/${srtp ? 'SAVP' : 'AVP'} 0`,
      'a=rtpmap:0 PCMU/8000',
      ...(srtp ? [`a=crypto:1 ${SUITE} inline:${this.master.toString('base64')}`] : []),
      '',
    ].join('\r\n');
  }

  private read(bytes: Buffer): void {
    const { messages, rest } = cutMessages(Buffer.concat([this.received, bytes]));
    this.received = Buffer.from(rest);
    for (const message of messages.map(parseSip)) {
      if (message?.status !== undefined) this.onResponse(message);
      else if (message?.method !== undefined) this.asked.push(message.method);
    }
  }
}
