import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CallStatus, CallStatusBody } from '@trunkmesh/contracts/call-status.js';
import { ORG, callId } from '@trunkmesh/testkit/call-events.js';
import type { StatusDraft } from './call-status.js';

export const WHOLE_CALL = ['initiated', 'ringing', 'answered', 'completed'] as const;

export const draftOf = (n: number, status: CallStatus, more: Partial<StatusDraft> = {}): StatusDraft => ({
  status,
  timestamp: new Date().toISOString(),
  call_id: callId(n),
  organization_id: ORG,
  trunk_id: null,
  number_id: null,
  direction: 'inbound',
  from_number: '+15559876543',
  to_number: '+15551234567',
  ...more,
});

export interface Received {
  body: CallStatusBody;
  text: string;
  headers: IncomingHttpHeaders;
}

export interface Receiver {
  url: string;
  /** In the order of arrival, duplicates included. */
  received: Received[];
  /** Unanswered requests, now and at most. */
  open: { now: number; most: number };
  answer: (response: ServerResponse, received: Received) => void;
  /** Sequence numbers by call, without those whose webhook-id was accepted before. */
  sequences(): Map<string, number[]>;
  halt(): Promise<void>;
  start(): Promise<void>;
}

/** A customer's status endpoint, on the loopback. A 204 accepts a status. */
export async function startReceiver(): Promise<Receiver> {
  let server: Server | undefined;
  let port = 0;
  const accepted = new Set<string>();
  const order = new Map<string, number[]>();
  const receiver: Receiver = {
    url: '',
    received: [],
    open: { now: 0, most: 0 },
    answer: (response) => {
      response.writeHead(204).end();
    },
    sequences: () => order,
    halt: async () => {
      const closing = server;
      server = undefined;
      closing?.closeAllConnections();
      await new Promise((resolve) => {
        if (closing === undefined) resolve(undefined);
        else closing.close(resolve);
      });
    },
    start: async () => {
      server = createServer((request, response) => {
        receiver.open.now += 1;
        receiver.open.most = Math.max(receiver.open.most, receiver.open.now);
        response.on('close', () => {
          receiver.open.now -= 1;
        });
        let text = '';
        request
          .setEncoding('utf8')
          .on('data', (part: string) => {
            text += part;
          })
          .on('end', () => {
            const one: Received = { text, body: JSON.parse(text) as CallStatusBody, headers: request.headers };
            receiver.received.push(one);
            receiver.answer(response, one);
            const id = String(request.headers['webhook-id']);
            if (response.statusCode !== 204 || !response.headersSent || accepted.has(id)) return;
            accepted.add(id);
            order.set(one.body.call_id, [...(order.get(one.body.call_id) ?? []), one.body.sequence]);
          });
      });
      await new Promise<void>((resolve) => {
        server!.listen(port, '127.0.0.1', resolve);
      });
      port = (server.address() as AddressInfo).port;
      receiver.url = `http://127.0.0.1:${port}/sip-status?key=hidden`;
    },
  };
  await receiver.start();
  return receiver;
}
