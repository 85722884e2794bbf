import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { InboundDecision, InboundRequest, RefusalReason } from '@trunkmesh/contracts/routing.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { id, number, organization, startHost, trunk, type Host } from './calls.fixture.js';
import type { HostAgent } from './calls.fixture.js';

const DID = '+15551234567';
let host: Host;

const routeOf = (
  request: InboundRequest,
  with_: Partial<Extract<InboundDecision, { outcome: 'route' }>> = {},
): InboundDecision => ({
  outcome: 'route',
  organization_id: id(1, 1),
  trunk_id: id(2, 1),
  number_id: id(3, 234567),
  number: DID,
  decided_by: 'Request-URI',
  target: { kind: 'flow', id: 9 },
  caller: '+15559876543',
  explanation: {
    source_address: request.source_address,
    claimed_gateway: request.claimed_gateway,
    candidates: [],
    steps: [],
    summary: 'by the test',
  },
  ...with_,
});
const invite = (with_: object = {}) => ({
  source: { address: '192.0.2.1' },
  from: '+15559876543',
  request_user: DID,
  ...with_,
});
const upToDate = (calls: HostAgent) =>
  eventually(() => calls.readiness().routes === 'up', { message: 'the local copy' });

beforeAll(async () => {
  host = await startHost();
  await host.publish(
    organization(1),
    organization(2),
    trunk(1, 1),
    trunk(2, 2),
    trunk(1, 3, { max_channels: 1 }),
    trunk(1, 4, { max_cps: 1 }),
    trunk(1, 9, { srtp: 'required', transport: 'tls' }),
    number(1, DID),
    number(1, '+15551234568', { is_active: false }),
    number(2, '+15557654321'),
  );
}, 60_000);
afterAll(() => host?.stop());
beforeEach(() => {
  host.routingSays((request) => routeOf(request));
});
afterEach(() => host.stopAgents());

describe('an inbound call', () => {
  it('is routed by what routing-service says, answered, and written from beginning to end', async () => {
    const calls = await host.startAgent();
    await upToDate(calls);
    const call = host.standIn.call(
      invite({ headers: { Diversion: ['<sip:1@pbx.example.com>', '<sip:2@pbx.example.com>'] }, hangup_after_ms: 100 }),
    );
    expect((await call.final).status).toBe(200);
    expect((await call.ended).cause).toBe('NORMAL_CLEARING');
    const [started, answered, ended] = await host.untilWritten(call.uuid);
    expect([started!.type, answered!.type, ended!.type]).toEqual(['CallStarted', 'CallAnswered', 'CallEnded']);
    expect(started!.data).toMatchObject({
      decided_at: 'routing-service',
      to: DID,
      from: '+15559876543',
      target: { kind: 'flow', id: 9 },
      trunk_id: id(2, 1),
    });
    expect(ended!.data).toMatchObject({
      hangup_cause: 'NORMAL_CLEARING',
      hangup_disposition: 'recv_bye',
      codec: 'PCMU',
      reconstructed: false,
      sip_status: 200,
    });
    expect(host.asked.at(-1)).toMatchObject({
      bridge_id: 'bridge-1',
      pool: 'default',
      source_address: '192.0.2.1',
      headers: [
        ['Diversion', '<sip:1@pbx.example.com>'],
        ['Diversion', '<sip:2@pbx.example.com>'],
      ],
    });
    await eventually(() => calls.live() === 0);
  });

  it.each<[string, RefusalReason, number]>([
    ['unknown', 'unknown-number', 404],
    ['ambiguous', 'ambiguous-number', 484],
    ['unassigned', 'number-not-assigned', 480],
    ['from a country that may not call', 'caller-country-not-allowed', 403],
  ])('that is %s is refused as routing-service says (%s, %i) and written', async (_case, reason, status) => {
    host.routingSays((request) => ({
      outcome: 'refuse',
      reason,
      sip_status: status,
      organization_id: id(1, 1),
      trunk_id: id(2, 1),
      number: null,
      explanation: routeOf(request).explanation,
    }));
    await upToDate(await host.startAgent());
    const call = host.standIn.call(invite());
    expect((await call.final).status).toBe(status);
    const events = await host.untilWritten(call.uuid);
    expect(events.map(({ type }) => type)).toEqual(['CallRejected']);
    expect(events[0]!.data).toMatchObject({
      reason,
      sip_status: status,
      decided_at: 'routing-service',
      organization_id: id(1, 1),
    });
  });

  it.each<[string, number, RefusalReason, string, RegExp]>([
    [
      'offers G.729 alone',
      1,
      'no-common-codec',
      'm=audio 4000 RTP/AVP 18\r\na=rtpmap:18 G729/8000',
      /G729.*PCMU, PCMA/,
    ],
    ['offers G.722 alone', 1, 'no-common-codec', 'm=audio 4000 RTP/AVP 9', /G722/],
    ['offers plain RTP to a trunk that requires SRTP', 9, 'srtp-required', 'm=audio 4000 RTP/AVP 0', /requires SRTP/],
  ])(
    'that %s is refused with 488 before it rings, and its record says why',
    async (_what, trunk, reason, media, summary) => {
      host.routingSays((request) => routeOf(request, { trunk_id: id(2, trunk) }));
      await upToDate(await host.startAgent());
      const names: string[] = [];
      host.standIn.freeswitch.events.listen(({ name }) => {
        names.push(name);
      });
      const call = host.standIn.call(
        invite({ source: { address: `192.0.2.${trunk}` }, sdp: `v=0\r\ns=-\r\n${media}\r\n` }),
      );
      expect((await call.final).status).toBe(488);
      const [rejected] = await host.untilWritten(call.uuid);
      expect(rejected).toMatchObject({
        type: 'CallRejected',
        data: { reason, sip_status: 488, organization_id: id(1, 1), trunk_id: id(2, trunk), to: DID },
      });
      expect(rejected!.type === 'CallRejected' && rejected!.data.decision?.explanation.summary).toMatch(summary);
      expect(names).not.toContain('CHANNEL_PROGRESS');
    },
  );

  it('that offers SRTP to a trunk that requires it is answered, and FreeSWITCH accepts nothing else', async () => {
    host.routingSays((request) => routeOf(request, { trunk_id: id(2, 9) }));
    await upToDate(await host.startAgent());
    let variable: string | undefined;
    host.standIn.freeswitch.events.listen(({ name, headers }) => {
      if (name === 'CHANNEL_HANGUP_COMPLETE')
        variable = headers.find(([header]) => header === 'variable_rtp_secure_media_inbound')?.[1];
    });
    const key = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj';
    const call = host.standIn.call(
      invite({
        source: { address: '192.0.2.9' },
        sdp: `v=0\r\ns=-\r\nm=audio 4000 RTP/SAVP 0\r\n${key}\r\n`,
        hangup_after_ms: 50,
      }),
    );
    expect((await call.final).status).toBe(200);
    expect((await host.untilWritten(call.uuid)).at(-1)!.type).toBe('CallEnded');
    expect(variable).toBe('mandatory');
  });

  it('that routing-service gives to a trunk which its source does not belong to is refused', async () => {
    await upToDate(await host.startAgent());
    host.routingSays((request) => routeOf(request, { organization_id: id(1, 2), trunk_id: id(2, 2) }));
    const call = host.standIn.call(invite());
    expect((await call.final).status).toBe(403);
    expect((await host.untilWritten(call.uuid))[0]!.data).toMatchObject({
      reason: 'unknown-source',
      organization_id: null,
      trunk_id: null,
    });
  });

  it('of no organisation is counted for the owner of the number that it names, and others are not', async () => {
    const [handled, unowned]: [string[], object[]] = [[], []];
    await upToDate(
      await host.startAgent({
        refused: {
          handled: (callId) => {
            handled.push(callId);
          },
          unowned: (refused) => {
            unowned.push(refused);
          },
        },
      }),
    );
    host.routingSays((request) => ({
      outcome: 'refuse',
      reason: 'unknown-source',
      sip_status: 403,
      organization_id: null,
      trunk_id: null,
      number: null,
      explanation: routeOf(request).explanation,
    }));
    const call = host.standIn.call(
      invite({ request_user: '9228', headers: { Diversion: `<sip:${DID}@pbx.example.com>` } }),
    );
    expect((await call.final).status).toBe(403);
    await eventually(() => unowned.length === 1);
    expect(unowned).toEqual([
      {
        sourceAddress: '192.0.2.1',
        called: '9228',
        numbers: [DID],
        reason: 'unknown-source',
        sipStatus: 403,
        detail: null,
      },
    ]);
    host.routingSays((request) => ({
      outcome: 'refuse',
      reason: 'unknown-number',
      sip_status: 404,
      organization_id: id(1, 1),
      trunk_id: id(2, 1),
      number: null,
      explanation: routeOf(request).explanation,
    }));
    const other = host.standIn.call(invite());
    await host.untilWritten(other.uuid);
    expect([handled, unowned.length]).toEqual([[call.callId, other.callId], 1]);
  });

  it('whose caller gives up while it is being decided ends without an answer', async () => {
    await upToDate(await host.startAgent());
    host.routingSays(() => undefined);
    const call = host.standIn.call(invite({ cancel_after_ms: 50 }));
    expect((await call.ended).cause).toBe('ORIGINATOR_CANCEL');
    const events = await host.untilWritten(call.uuid);
    expect(events.map(({ type }) => type)).toEqual(['CallStarted', 'CallEnded']);
    expect(events[1]!.data).toMatchObject({
      answered_at: null,
      billable_ms: 0,
      hangup_cause: 'ORIGINATOR_CANCEL',
      hangup_disposition: 'recv_cancel',
    });
  });

  it('that would be refused, and whose caller gives up before, has the status that went over the wire', async () => {
    await upToDate(await host.startAgent());
    host.routingSays(() => undefined);
    const call = host.standIn.call(invite({ request_user: '+15550000000', cancel_after_ms: 50 }));
    expect((await call.ended).cause).toBe('ORIGINATOR_CANCEL');
    expect(
      (await host.untilWritten(call.uuid)).map(({ type, data }) => [
        type,
        'sip_status' in data ? data.sip_status : undefined,
      ]),
    ).toEqual([['CallRejected', 487]]);
  });
});

describe("a trunk's limits", () => {
  it('the second call of a trunk with one channel is busy; after the first has ended it is not', async () => {
    const calls = await host.startAgent();
    await upToDate(calls);
    host.routingSays((request) => routeOf(request, { trunk_id: id(2, 3) }));
    const from = invite({ source: { address: '192.0.2.3' } });
    const first = host.standIn.call(from);
    expect((await first.final).status).toBe(200);
    const second = host.standIn.call(from);
    expect((await second.final).status).toBe(486);
    expect((await host.untilWritten(second.uuid))[0]!.data).toMatchObject({
      reason: 'limit-reached',
      sip_status: 486,
      organization_id: id(1, 1),
      trunk_id: id(2, 3),
    });
    first.hangUp();
    await eventually(() => calls.live() === 0);
    const third = host.standIn.call(from);
    expect((await third.final).status).toBe(200);
    third.hangUp();
    await host.untilWritten(third.uuid);
  });

  it('new calls above its rate are busy', async () => {
    await upToDate(await host.startAgent());
    host.routingSays((request) => routeOf(request, { trunk_id: id(2, 4) }));
    const calls = [1, 2, 3].map(() =>
      host.standIn.call(invite({ source: { address: '192.0.2.4' }, hangup_after_ms: 10 })),
    );
    const statuses = (await Promise.all(calls.map((call) => call.final))).map(({ status }) => status).sort();
    expect(statuses).toEqual([200, 486, 486]);
    await Promise.all(calls.map((call) => host.untilWritten(call.uuid)));
  });
});

describe('while routing-service does not answer', () => {
  it.each<[string, () => object | undefined]>([
    ['says nothing', () => undefined],
    ['says nonsense', () => ({ outcome: 'route' })],
    ['could not read the request', () => ({ outcome: 'error', code: 'invalid-request', message: 'x' })],
  ])('because it %s: the local copy decides', async (_case, says) => {
    await upToDate(await host.startAgent());
    host.routingSays(says);
    const calls = [
      host.standIn.call(invite({ hangup_after_ms: 10 })),
      host.standIn.call(invite({ request_user: '+15551234568' })),
      host.standIn.call(invite({ request_user: '+15557654321' })),
    ];
    expect((await Promise.all(calls.map((call) => call.final))).map(({ status }) => status)).toEqual([200, 404, 404]);
    const events = await Promise.all(calls.map((call) => host.untilWritten(call.uuid)));
    expect(events[0]![0]!.data).toMatchObject({ decided_at: 'local', target: { kind: 'assistant', id: 42 } });
    expect(events[1]![0]!.data).toMatchObject({ decided_at: 'local', reason: 'inactive-number' });
    expect(events[2]![0]!.data).toMatchObject({ decided_at: 'local', reason: 'unknown-number' });
  });

  it(
    'because NATS is unreachable: as well, and everything is written when it is back; an agent that starts meanwhile ' +
      'routes from its disk',
    async () => {
      const first = await host.startAgent();
      await upToDate(first);
      await first.stop();
      await host.nats.halt();
      const second = await host.startAgent();
      const call = host.standIn.call(invite({ hangup_after_ms: 10 }));
      expect((await call.final).status).toBe(200);
      await call.ended;
      await eventually(() => second.unconfirmedRecords() > 0 && second.live() === 0);
      expect(second.readiness().routes).toBe('of an earlier time');
      await host.nats.start();
      await eventually(() => host.nc.rtt().then(() => true));
      expect(
        (await host.untilWritten(call.uuid)).map(({ type, data }) => [
          type,
          'decided_at' in data ? data.decided_at : undefined,
        ]),
      ).toEqual([
        ['CallStarted', 'local'],
        ['CallAnswered', undefined],
        ['CallEnded', undefined],
      ]);
      await upToDate(second);
    },
  );

  it('and there is no copy either: try again later', async () => {
    await host.forget();
    await host.nats.halt();
    const calls = await host.startAgent();
    const call = host.standIn.call(invite());
    expect(await call.final).toMatchObject({ status: 503, headers: { 'Retry-After': '5' } });
    await host.nats.start();
    await eventually(() => host.nc.rtt().then(() => true));
    expect((await host.untilWritten(call.uuid))[0]!.data).toMatchObject({
      reason: 'routing-unavailable',
      sip_status: 503,
      organization_id: null,
    });
    await upToDate(calls);
  });
});

describe('the agent stops in mid-call', () => {
  it('the call goes on in FreeSWITCH, and the next agent writes its end', async () => {
    const first = await host.startAgent();
    const call = host.standIn.call(invite());
    expect((await call.final).status).toBe(200);
    await eventually(async () => (await host.callEvents(call.uuid)).length === 2);
    await first.stop();
    const second = await host.startAgent();
    expect(second.live()).toBe(1);
    // Asked for, found, and its hang-up subscribed to.
    await eventually(() => second.outOfSight() === 0);
    call.hangUp();
    const events = await host.untilWritten(call.uuid);
    expect(events.filter(({ type }) => type === 'CallEnded')).toMatchObject([
      { data: { reconstructed: false, hangup_cause: 'NORMAL_CLEARING', hangup_disposition: 'recv_bye' } },
    ]);
  });
});

describe('the call socket', () => {
  it('survives whatever connects to it', async () => {
    await host.startAgent();
    for (const text of [
      '',
      'GET / HTTP/1.1\r\n\r\n',
      '\n\n\n',
      'Content-Length: 99999999999\n\n',
      'Content-Type: command/reply\nReply-Text: +OK\n\n',
      'Event-Name: CHANNEL_DATA\nUnique-ID: x\nContent-Type: command/reply\n\n',
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect({ port: host.callSocketPort, host: '127.0.0.1' }, () => {
          socket.end(text);
        });
        socket.on('error', () => undefined);
        socket.on('data', () => undefined);
        socket.on('close', () => resolve());
      });
    }
    const call = host.standIn.call(invite({ hangup_after_ms: 10 }));
    expect((await call.final).status).toBe(200);
    await host.untilWritten(call.uuid);
  });

  it('that died before it took a call: the next one refuses it, and no other', async () => {
    const dying = createServer((socket) => {
      socket.destroy();
    }).listen(host.callSocketPort, '127.0.0.1');
    await once(dying, 'listening');
    const forgotten = host.standIn.call(invite());
    await once(dying, 'connection');
    await new Promise((resolve) => {
      dying.close(resolve);
    });
    await host.startAgent({ orphanMs: 2_500 });
    const call = host.standIn.call(invite());
    expect((await call.final).status).toBe(200);
    expect(await forgotten.final).toMatchObject({ status: 503 });
    call.hangUp();
    expect((await host.untilWritten(call.uuid)).at(-1)!.data).toMatchObject({ hangup_disposition: 'recv_bye' });
  });

  it('turns away what is more than the bridge carries: FreeSWITCH says "try again"', async () => {
    await host.startAgent({ maxCalls: 1 });
    const first = host.standIn.call(invite());
    expect((await first.final).status).toBe(200);
    expect(await host.standIn.call(invite()).final).toMatchObject({ status: 503, headers: { 'Retry-After': '5' } });
    first.hangUp();
    await host.untilWritten(first.uuid);
  });
});
