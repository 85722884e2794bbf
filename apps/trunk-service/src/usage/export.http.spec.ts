import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { USAGE_EXPORT } from '@trunkmesh/contracts/subjects.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startNatsServer, type NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import express from 'express';
import { exportRecords } from './export.http.js';

const ORG = '0190a5b2-7c00-7000-8000-000000000001';
const PART = Buffer.alloc(900_000, 'x\r\n');
/** More than the sockets of both sides hold. */
const PARTS = 40;

let nats: NatsServer;
let nc: NatsConnection;
let server: Server;
let asked: number;
let answer: ServerResponse;
let ended: Promise<unknown>;

beforeEach(async () => {
  nats = await startNatsServer();
  nc = await connect({ servers: nats.url });
  asked = 0;
  nc.subscribe(USAGE_EXPORT, {
    callback: (_error, message) => {
      asked += 1;
      const next = asked < PARTS ? { started_at: '2026-11-23T10:00:00.000000Z', entry_id: String(asked) } : null;
      const facts = { complete_from: null, incomplete: false, gap_accepted: false };
      const head = JSON.stringify({ outcome: 'part', next, ahead: null, pieces: 0, ...facts });
      message.respond(Buffer.concat([Buffer.from(`${head}\n`), PART]));
    },
  });
  await nc.flush();
  const link = { connection: nc, onConnected: () => undefined };
  const app = express().get('/:stalledMs', (request, response) => {
    const stalledMs = Number(request.params.stalledMs);
    answer = response;
    ended = exportRecords(link, { organization_id: ORG }, { response, stalledMs });
  });
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server?.close();
  await nc?.close();
  await nats?.stop();
});

async function asking(stalledMs: number): Promise<IncomingMessage> {
  const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', path: `/${stalledMs}` });
  return ((await once(request, 'response')) as [IncomingMessage])[0];
}

it('waits for a client that reads late, with few parts in memory', async () => {
  const response = await asking(60_000);
  response.pause();
  await eventually(() => answer.writableNeedDrain);
  expect(asked).toBeLessThan(PARTS);
  let size = 0;
  response.on('data', (chunk: Buffer) => (size += chunk.length));
  response.resume();
  await once(response, 'end');
  await ended;
  expect({ asked, isWhole: size > PARTS * PART.length }).toEqual({ asked: PARTS, isWhole: true });
});

it('breaks off where the client takes nothing for too long', async () => {
  const response = await asking(100);
  response.pause();
  const closed = once(server, 'close');
  await ended;
  expect(asked).toBeLessThan(PARTS);
  response.resume();
  await expect(once(response, 'end')).rejects.toThrow('aborted');
  server.close();
  await closed;
});
