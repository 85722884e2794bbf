import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TrunkCheck } from '@trunkmesh/contracts/trunk-test.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { startSipCarrier } from '@trunkmesh/testkit/sip/sip-carrier.net.js';
import { gatewaysOf } from '../freeswitch.fixture.js';
import {
  addNumber,
  callEvents,
  statusOf,
  testMesh,
  untilLive,
  type Organization,
  type TestMesh,
  type Trunk,
} from '../mesh.fixture.js';
import { sipp, startKamailio, USER, type Kamailio } from '../wire.fixture.js';

/**
 * A real FreeSWITCH, Kamailio as the carrier's registrar, SIPp as its callers. Runs where FREESWITCH names a binary
 * and both are installed.
 */
let test: TestMesh;
let kamailio: Kamailio;
let org: Organization;
let trunk: Trunk;

interface Tested {
  checks: TrunkCheck[];
}
const registrationOf = ({ checks }: Tested) => checks.find(({ check }) => check === 'registration');

const number = (index: number) => `+1555010${String(index).padStart(4, '0')}`;
const EXTENSION = '9228';

beforeAll(async () => {
  [test, kamailio] = await Promise.all([testMesh(), startKamailio()]);
  org = await test.organization('Example Dental');
  trunk = await org.api.post<Trunk>('/api/v1/sip-trunks', {
    name: 'Kamailio',
    gateway: `127.0.0.1:${kamailio.port}`,
    username: USER.name,
    password: USER.password,
    register: true,
  });
  await untilLive(org, trunk);
  for (let index = 1; index <= 9; index += 1) await addNumber(org, trunk, number(index));
});
afterAll(async () => {
  await test?.stop();
  await kamailio?.stop();
});

/** The registrar would send calls to the gateway that FreeSWITCH has now, and to no other. */
const untilBound = () =>
  eventually(
    async () => {
      const [gateways, bindings] = [await gatewaysOf(test, trunk), await kamailio.bindings()];
      if (gateways.length !== 1 || bindings.length !== 1 || !bindings[0]!.startsWith(`sip:gw+${gateways[0]}@`))
        throw new Error(`FreeSWITCH has ${gateways}; Kamailio has ${bindings}`);
      return true;
    },
    { timeoutMs: 30_000, message: 'the registrar to have the binding of the live gateway and no other' },
  );

const untilUnbound = () =>
  eventually(async () => (await kamailio.bindings()).length === 0, {
    timeoutMs: 30_000,
    message: 'the registrar to have no binding',
  });

describe('a registering trunk and its registrar', () => {
  it('is bound by the gateway that is live', async () => {
    expect(await untilBound()).toBe(true);
  });

  it('keeps that binding when it is tested, and a probe with a wrong password is told', async () => {
    await untilBound();
    const [before] = await kamailio.bindings();
    const tested = await org.api.post<Tested>(`/api/v1/sip-trunks/${trunk.id}/test`);
    expect(registrationOf(tested)).toMatchObject({ result: 'pass', sip_status: 200 });
    const settings = { gateway: `127.0.0.1:${kamailio.port}`, username: USER.name };
    const probe = (password: string) => org.api.post<Tested>('/api/v1/sip-trunks/probe', { ...settings, password });
    expect(registrationOf(await probe('wrong'))).toMatchObject({ result: 'fail', cause: 'wrong-credentials' });
    expect(registrationOf(await probe(USER.password))).toMatchObject({ result: 'pass' });
    expect(await kamailio.bindings()).toEqual([before]);
  });

  it('survives its password being changed to a wrong one and back, again and again', async () => {
    for (let round = 0; round < 3; round += 1) {
      await org.api.patch(`/api/v1/sip-trunks/${trunk.id}`, { password: `wrong ${round}` });
      await eventually(async () => (await statusOf(org, trunk)).verdict === 'failed', {
        timeoutMs: 20_000,
        message: 'the wrong password to be noticed',
      });
      await org.api.patch(`/api/v1/sip-trunks/${trunk.id}`, { password: USER.password });
      await untilLive(org, trunk);
      await untilBound();
    }
  }, 120_000);

  it('follows a password that the carrier changed', async () => {
    const former = await kamailio.bindings();
    await kamailio.setPassword(USER.name, 'another password');
    await org.api.patch(`/api/v1/sip-trunks/${trunk.id}`, { password: 'another password' });
    await untilLive(org, trunk);
    // The former password cannot take its binding back any more: the registrar forgets it when its time is up.
    for (const contact of former) await kamailio.expire(USER.name, contact);
    expect(await untilBound()).toBe(true);
  }, 60_000);

  it('is deregistered when it is disabled, and bound again when it is enabled', async () => {
    await org.api.post(`/api/v1/sip-trunks/${trunk.id}/disable`);
    await untilUnbound();
    await org.api.post(`/api/v1/sip-trunks/${trunk.id}/enable`);
    await untilLive(org, trunk);
    expect(await untilBound()).toBe(true);
  }, 60_000);

  it('is bound again after FreeSWITCH was killed', async () => {
    await test.mesh.bridges[0]!.freeswitch.kill();
    await test.mesh.bridges[0]!.freeswitch.start();
    await untilLive(org, trunk, 30_000);
    expect(await untilBound()).toBe(true);
  }, 60_000);
});

describe('a trunk whose gateway is a host name', () => {
  it('is registered at the address that the agent found, although FreeSWITCH cannot resolve the name', async () => {
    const settings = {
      gateway: `localhost:${kamailio.port}`,
      username: USER.name,
      password: 'another password',
      register: true,
    };
    const named = await org.api.post<Trunk>('/api/v1/sip-trunks', { name: 'By name', ...settings });
    expect((await untilLive(org, named)).bridges[0]!.registration.state).toBe('REGED');
    await org.api.delete(`/api/v1/sip-trunks/${named.id}`);
  }, 60_000);
});

describe('a registrar that asks for SHA-256 alone', () => {
  it('is told of by its cause, and the trunk registers again soon after the registrar offers MD5', async () => {
    const carrier = await startSipCarrier({ users: { [USER.name]: USER.password } });
    try {
      carrier.challengeWith('SHA-256');
      const settings = {
        name: 'SHA-256',
        gateway: `127.0.0.1:${carrier.port}`,
        username: USER.name,
        password: USER.password,
        register: true,
      };
      const sha = await org.api.post<Trunk>('/api/v1/sip-trunks', settings);
      const failed = await eventually(
        async () => {
          const status = await statusOf(org, sha);
          return status.verdict === 'failed' && status;
        },
        { timeoutMs: 20_000, message: 'the failure to be told' },
      );
      expect(JSON.stringify(failed)).toContain('SHA-256');
      carrier.challengeWith('MD5');
      await untilLive(org, sha, 60_000);
      expect(carrier.bindings.get(USER.name)).toContain(sha.id);
      await org.api.delete(`/api/v1/sip-trunks/${sha.id}?force=true`);
    } finally {
      await carrier.close();
    }
  }, 120_000);
});

describe('calls on the wire', () => {
  const bridge = () => test.mesh.bridges[0]!.bridge.sip;
  let caller = 0;
  const from = () => `+1555986${String((caller += 1)).padStart(4, '0')}`;
  const startedFor = (caller_: string) =>
    eventually(
      async () => (await callEvents(test)).find(({ type, data }) => type === 'CallStarted' && data.from === caller_),
      { message: 'CallStarted' },
    );

  it.each<[string, number, { requestUser?: string; to?: string; headers?: string[] }]>([
    [
      'Diversion',
      1,
      {
        headers: [
          `Diversion: <sip:${number(2)}@pbx.example.com>;reason=no-answer`,
          `Diversion: <sip:${number(1)}@pbx.example.com>;reason=unconditional`,
        ],
      },
    ],
    [
      'History-Info',
      2,
      {
        headers: [
          `History-Info: <sip:${number(2)}@pbx.example.com>;index=1`,
          `History-Info: <sip:${EXTENSION}@pbx.example.com>;index=1.1`,
        ],
      },
    ],
    ['X-Original-Called', 3, { headers: [`X-Original-Called: ${number(3)}`] }],
    ['X-Original-Number', 4, { headers: [`X-Original-Number: ${number(4)}`] }],
    ['X-Forwarded-To', 5, { headers: [`X-Forwarded-To: ${number(5)}`] }],
    ['X-Original-To', 6, { headers: [`X-Original-To: <sip:${number(6)}@pbx.example.com>`] }],
    ['P-Called-Party-ID', 7, { headers: [`P-Called-Party-ID: <sip:${number(7)}@ims.example.com>`] }],
    ['Request-URI', 8, { requestUser: number(8) }],
    ['To', 9, { to: number(9) }],
  ])('%s leads to number %i', async (_source, index, call) => {
    const caller_ = from();
    await sipp({ target: bridge(), from: caller_, requestUser: EXTENSION, ...call }, 'answered');
    expect((await startedFor(caller_)).data.to).toBe(number(index));
  });

  it('a call that the registrar sends to the registered contact is found by its To', async () => {
    const caller_ = from();
    await sipp(
      { target: { host: '127.0.0.1', port: kamailio.port }, from: caller_, requestUser: USER.name, to: number(4) },
      'answered',
    );
    expect((await startedFor(caller_)).data.to).toBe(number(4));
  });

  it.each<[string, number, { requestUser: string; to?: string; from?: string; address?: string }]>([
    ['a stranger', 403, { requestUser: number(8), address: '127.0.0.66' }],
    ["a number that is nobody's", 404, { requestUser: '+15550199999' }],
    ['a short extension with several numbers behind it', 484, { requestUser: EXTENSION }],
    [
      'a caller whose name would write into the event socket',
      400,
      { requestUser: number(8), from: 'a%0AContent-Length%3A%201500%0AX' },
    ],
  ])('%s is refused with %i', async (_who, status, call) => {
    await sipp({ target: bridge(), from: from(), ...call }, status);
  });

  it('a stranger that names the gateway is a stranger', async () => {
    const [gateway] = await gatewaysOf(test, trunk);
    await sipp(
      { target: bridge(), from: from(), requestUser: `gw+${gateway}`, to: number(8), address: '127.0.0.66' },
      403,
    );
  });

  it('deleted, the trunk is deregistered and its carrier a stranger', async () => {
    await org.api.delete(`/api/v1/sip-trunks/${trunk.id}?force=true`);
    await untilUnbound();
    expect(await gatewaysOf(test, trunk)).toEqual([]);
    await eventually(() => sipp({ target: bridge(), from: from(), requestUser: number(8) }, 403).then(() => true), {
      timeoutMs: 20_000,
      intervalMs: 500,
      message: 'the access list to follow',
    });
  }, 60_000);
});
