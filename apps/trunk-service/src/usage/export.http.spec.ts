import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { USAGE_EXPORT } from '@trunkmesh/contracts/subjects.js';
import { sendPiece } from '@trunkmesh/requests/ask-in-pieces.nats.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startNatsServer, type NatsServer } from '@trunkmesh/testkit/nats-server.process.js';
import express from 'express';
import { exportRecords } from './export.http.js';

const ORG = '0190a5b2-7c00-7000-8000-000000000001';
const PART = Buffer.alloc(900_000, 'x\r\n');
/** More than the sockets of both sides hold. */
const PARTS = 40;
const STEP = 400_000;

let nats: NatsServer;
let nc: NatsConnection;
let server: Server;
let asked: number;
/** How many parts there are, and of how many pieces each. */
let [parts, pieces] = [PARTS, 1];
/** Before the second part is made. */
let second: Promise<unknown> | undefined;
let answer: ServerResponse;
let ended: Promise<unknown>;

beforeEach(async () => {
  nats = await startNatsServer();
  nc = await connect({ servers: nats.url });
  asked = 0;
  [parts, pieces, second] = [PARTS, 1, undefined];
  const send = async (message: Msg, nth: number) => {
    if (nth === 2) await second;
    const next = nth < parts ? { started_at: '2026-11-23T10:00:00.000000Z', entry_id: String(nth) } : null;
    const facts = { complete_from: null, incomplete: false, gap_accepted: false };
    for (let piece = 0; piece < pieces; piece += 1) sendPiece(message, PART);
    message.respond(`${JSON.stringify({ outcome: 'part', next, ahead: null, pieces, ...facts })}\n`);
  };
  nc.subscribe(USAGE_EXPORT, { callback: (_error, message) => void send(message, (asked += 1)) });
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

it('breaks off where the client takes nothing of the last part', async () => {
  [parts, pieces] = [1, PARTS];
  const response = await asking(100);
  response.pause();
  await ended;
  await eventually(() => answer.closed);
  response.resume();
  await expect(once(response, 'end')).rejects.toThrow('aborted');
});

it('goes on for a client that takes longer for a part, and some of it all the time', async () => {
  [parts, pieces] = [2, PARTS];
  const response = await asking(2_500);
  let [size, until] = [0, STEP];
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size < until) return;
    until = size + STEP;
    response.pause();
    void sleep(until < PARTS * PART.length ? 50 : 0).then(() => response.resume());
  });
  await once(response, 'end');
  expect(size).toBeGreaterThan(2 * PARTS * PART.length);
});

it('is over at once where the client leaves while a part is made', async () => {
  let make = (): void => undefined;
  second = new Promise<void>((resolve) => (make = resolve));
  const response = await asking(60_000);
  response.resume();
  await eventually(() => asked === 2);
  response.destroy();
  await eventually(() => answer.closed);
  make();
  await ended;
});
