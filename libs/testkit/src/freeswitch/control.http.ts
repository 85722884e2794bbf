import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { CarrierInput } from './carrier.js';
import type { InboundCall } from './inbound.process.js';
import type { InviteInput } from './invite.js';
import type { StandIn } from './stand-in.net.js';

/**
 * What a test does that the wire would do to a real FreeSWITCH, over HTTP on the loopback, because the stand-in is a
 * process of its own:
 * `PUT /carriers` all of them, `POST /carriers` one, in place of one with the same address · `POST /calls` an INVITE →
 * `{uuid, call_id, status, phrase, headers}` once it was answered or refused · `DELETE /calls/UUID` the caller hangs up
 * · `GET /calls/UUID` → `{ended, cause, answered, transferred_to}`, waiting for its end with `?wait=MILLISECONDS` ·
 * `GET /calls/UUID/audio` what the caller has heard, as L16 ·
 * `POST /calls/UUID/codec` `{codec}` with which its carrier goes on ·
 * `POST /calls/UUID/audio` L16 that the caller says next · `POST /calls/UUID/digits` `{digits}` that the caller
 * presses, `GET` those that it has heard · `GET /gateways` ·
 * `GET /outbound` the channels of outbound calls, `GET /dialled` the numbers of all outbound calls.
 */
export function startControl(standIn: StandIn, port: number): Promise<Server> {
  const calls = new Map<string, InboundCall>();
  const server = createServer((request, response) => {
    void answer(request, { standIn, calls }).then(
      ({ status, body }) => {
        if (Buffer.isBuffer(body)) response.writeHead(status, { 'content-type': 'audio/l16' }).end(body);
        else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      },
      (error: unknown) => {
        response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error: String(error) }));
      },
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

interface Context {
  standIn: StandIn;
  calls: Map<string, InboundCall>;
}
/** A buffer is sent as it is, anything else as JSON. */
interface Answer {
  status: number;
  body: unknown;
}

async function answer(request: IncomingMessage, context: Context): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const [, what, id, part] = url.pathname.split('/');
  const run =
    ROUTES[`${request.method} /${what}${id === undefined ? '' : '/ID'}${part === undefined ? '' : `/${part}`}`];
  return run === undefined
    ? { status: 404, body: { error: `no ${request.method} ${url.pathname}` } }
    : run(request, context, { id: id ?? '', wait: Number(url.searchParams.get('wait') ?? 0) });
}

type Route = (
  request: IncomingMessage,
  context: Context,
  asked: { id: string; wait: number },
) => Answer | Promise<Answer>;

const ROUTES: Record<string, Route> = {
  'GET /gateways': (_request, { standIn }) => ({ status: 200, body: standIn.gateways() }),
  'GET /dialled': (_request, { standIn }) => ({ status: 200, body: standIn.freeswitch.dialled }),
  'GET /outbound': (_request, { standIn }) => ({ status: 200, body: standIn.outbound() }),
  'PUT /carriers': async (request, { standIn }) => {
    standIn.setCarriers(await json<CarrierInput[]>(request));
    return { status: 200, body: {} };
  },
  'POST /carriers': async (request, { standIn }) => {
    standIn.addCarrier(await json<CarrierInput>(request));
    return { status: 200, body: {} };
  },
  'POST /calls': async (request, context) => place(await json<InviteInput>(request), context),
  'GET /calls/ID': (_request, { calls }, { id, wait }) => look(calls.get(id), wait),
  'DELETE /calls/ID': (_request, { calls }, { id }) => {
    calls.get(id)?.hangUp();
    return { status: calls.has(id) ? 202 : 404, body: {} };
  },
  'GET /calls/ID/audio': (_request, { calls }, { id }) => ({
    status: calls.has(id) ? 200 : 404,
    body: Buffer.concat(calls.get(id)?.heard() ?? []),
  }),
  'POST /calls/ID/audio': async (request, { calls }, { id }) => {
    const l16 = await read(request);
    calls.get(id)?.say(l16);
    return { status: calls.has(id) ? 202 : 404, body: {} };
  },
  'POST /calls/ID/codec': async (request, { calls }, { id }) => {
    await calls.get(id)?.changeCodec((await json<{ codec: string }>(request)).codec);
    return { status: calls.has(id) ? 202 : 404, body: {} };
  },
  'GET /calls/ID/digits': (_request, { calls }, { id }) => ({
    status: calls.has(id) ? 200 : 404,
    body: { digits: calls.get(id)?.digitsHeard() ?? '' },
  }),
  'POST /calls/ID/digits': async (request, { calls }, { id }) => {
    const { digits } = await json<{ digits: string }>(request);
    for (const digit of digits) calls.get(id)?.press(digit);
    return { status: calls.has(id) ? 202 : 404, body: {} };
  },
};

async function place(invite: InviteInput, { standIn, calls }: Context): Promise<Answer> {
  const call = standIn.call(invite);
  calls.set(call.uuid, call);
  const final = await call.final;
  return { status: 200, body: { uuid: call.uuid, call_id: call.callId, ...final } };
}

async function look(call: InboundCall | undefined, wait: number): Promise<Answer> {
  if (call === undefined) return { status: 404, body: { error: 'no such call' } };
  const end = await Promise.race([
    call.ended,
    new Promise<undefined>((resolve) => {
      setTimeout(() => resolve(undefined), wait).unref();
    }),
  ]);
  return {
    status: 200,
    body:
      end === undefined
        ? { ended: false }
        : { ended: true, cause: end.cause, answered: end.answered, transferred_to: end.transferredTo ?? null },
  };
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const json = async <T>(request: IncomingMessage): Promise<T> => JSON.parse((await read(request)).toString('utf8')) as T;
