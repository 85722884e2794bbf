import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mock } from 'node:test';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { trunkSettings, type TrunkSettings } from '@trunkmesh/contracts/trunk.js';
import type { TrunkCheck } from '@trunkmesh/contracts/trunk-test.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import { freePort } from '@trunkmesh/testkit/free-port.net.js';
import { headerOf } from '@trunkmesh/testkit/sip/sip-message.js';
import {
  startScriptedCarrier,
  type CarrierPlace,
  type CarrierScript,
  type ScriptedCarrier,
} from '@trunkmesh/testkit/sip/scripted-carrier.net.js';
import { SipClient } from './sip-client.net.js';
import type { Wire } from './sip-wire.net.js';
import type { TestedTrunk } from './test-record.js';
import { testTrunk, type TestPorts } from './trunk-test.net.js';

/** Less time than a test has, so that silence does not last. */
const PORTS: TestPorts = {
  ...{ allowPrivate: true, bridgeAddress: '192.0.2.10', workMs: 1_500 },
  placeTest: () =>
    Promise.resolve({
      run: (call) => call({ givenUp: new AbortController().signal, onAnswer: () => undefined }),
    }),
};
const CALL = { from: '+15550100000', to: '+15550109999', dialled: '+15550109999' };
const ID = '01900000-0000-7000-8000-00000000000a';
const IDS = { test_id: ID, trunk_id: ID, organization_id: ID };
const USERS = { alice: 'open sesame' };

let folder: string;
let own: { key: string; cert: string };
const carriers: ScriptedCarrier[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trunkmesh-diagnose-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=sip.example.com', '-addext', 'subjectAltName=DNS:sip.example.com'];
  await promisify(execFile)(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert].concat(subject),
  );
  own = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
});
afterEach(async () => {
  for (const carrier of carriers.splice(0)) await carrier.close();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function carrier(script: Partial<CarrierScript> = {}, place: CarrierPlace = {}): Promise<ScriptedCarrier> {
  const started = await startScriptedCarrier(script, place);
  carriers.push(started);
  return started;
}

const settings = trunkSettings.parse({ name: 'Carrier', gateway: '127.0.0.1' });
type Tested = { trunk?: Partial<TrunkSettings> } & Partial<Omit<TestedTrunk, 'trunk'>>;

async function run(
  port: number,
  { trunk = {}, ...tested }: Tested = {},
  ports: Partial<TestPorts> = {},
): Promise<Record<string, TrunkCheck>> {
  const tried = trunkSettings.parse({ name: 'Carrier', gateway: `127.0.0.1:${port}`, register: false, ...trunk });
  const checks = await testTrunk(
    { ...IDS, trunk: tried, password: null, is_registered: false, call: null, ...tested },
    { ...PORTS, ...ports },
  );
  return Object.fromEntries(checks.map((check) => [check.check, check]));
}
const registering = { trunk: { register: true, username: 'alice' }, password: 'open sesame' };
const found = (checks: Record<string, TrunkCheck>) =>
  Object.fromEntries(Object.entries(checks).map(([name, { result, cause }]) => [name, cause ?? result]));

describe('a trunk that is right', () => {
  it.each(['udp', 'tcp'] as const)('passes every check over %s, and leaves nothing behind', async (transport) => {
    const numbers = { [CALL.dialled]: 'ring' as const };
    const { port, contacts, methods, requests } = await carrier({ users: USERS, numbers }, { transport });
    const checks = await run(port, { ...registering, trunk: { ...registering.trunk, transport }, call: CALL });
    expect(found(checks)).toEqual({
      dns: 'pass',
      transport: 'pass',
      options: 'pass',
      registration: 'pass',
      call: 'pass',
    });
    expect(contacts.size).toBe(0);
    expect(methods().filter((method) => method === 'CANCEL')).toHaveLength(1);
    expect(JSON.stringify(checks)).not.toContain('Scripted');
    const bound = requests.filter((request) => /expires=60/.test(headerOf(request, 'contact')));
    expect(bound.every((request) => /<sip:trunkmesh-test-/.test(headerOf(request, 'contact')))).toBe(true);
  });

  it('is hung up when the call is answered', async () => {
    const { port, methods, requests } = await carrier({ numbers: { [CALL.dialled]: 200 } });
    const checks = await run(port, { call: CALL });
    expect(checks['call']).toMatchObject({ result: 'pass', sip_status: 200 });
    expect(methods()).toEqual(expect.arrayContaining(['INVITE', 'ACK', 'BYE']));
    // To the address that was tested, whatever host the Contact names.
    expect(requests.find(({ method }) => method === 'BYE')!.uri).toBe('sip:carrier@192.0.2.1:9');
  });

  it('says who calls by its identity rules, and fills in its headers', async () => {
    const { port, requests } = await carrier({ numbers: { [CALL.dialled]: 486 } });
    const headers = { 'X-Call': '{{call_sid}} for {{to}}' };
    const identity = { ...settings.identity, number_format: 'e164-without-plus' as const, display_name: 'Dr. "No"' };
    await run(port, { call: CALL, trunk: { headers, identity } });
    const invite = requests.find(({ method }) => method === 'INVITE')!;
    expect(headerOf(invite, 'from')).toMatch(/^"Dr\. No" <sip:15550100000@127\.0\.0\.1>;tag=/);
    expect(headerOf(invite, 'p-asserted-identity')).toContain('sip:15550100000@');
    expect(headerOf(invite, 'x-call')).toBe(`CA${ID.replaceAll('-', '')} for ${CALL.to}`);
  });

  it('is hung up when the answer comes together with the cancellation', async () => {
    const { port, methods } = await carrier({ numbers: { [CALL.dialled]: 'late' } });
    expect((await run(port, { call: CALL }))['call']).toMatchObject({ result: 'pass' });
    await eventually(() => methods().includes('BYE'), { message: 'the hang-up' });
    expect(methods()).toEqual(['OPTIONS', 'INVITE', 'CANCEL', 'ACK', 'BYE']);
  });

  it('keeps its present registration: only the bindings are asked for', async () => {
    const { port, requests } = await carrier({ users: USERS });
    const { registration } = await run(port, { ...registering, is_registered: true });
    expect(registration).toMatchObject({ result: 'pass', seen: expect.stringContaining('left as it is') });
    expect(requests.filter((request) => headerOf(request, 'contact').includes('expires'))).toEqual([]);
  });

  it('does not fail a carrier that ignores OPTIONS', async () => {
    const { port } = await carrier({ users: USERS, options: 'silent' });
    expect(found(await run(port, registering))).toEqual({
      dns: 'pass',
      transport: 'pass',
      options: 'no-answer',
      registration: 'pass',
    });
  });
});

describe('the faults of a registration', () => {
  it.each<[string, Partial<CarrierScript>, Tested, string, RegExp]>([
    ['a wrong password', {}, { password: 'not-the-one' }, 'wrong-credentials', /again after the password was used/],
    ['no credentials at a carrier that asks', { users: {} }, { password: 'x' }, 'wrong-credentials', /password/],
    ['a 403 before the password', { register: 403 }, {}, 'forbidden', /before a password was asked for/],
    ['an unknown user', { register: 404 }, {}, 'unknown-user', /"alice"/],
    ['a carrier without a registrar', { register: 405 }, {}, 'register-not-taken', /405/],
    ['a failing carrier', { register: 503 }, {}, 'carrier-failure', /503/],
    ['SHA-256 alone, which FreeSWITCH cannot answer', { digest: 'SHA-256' }, {}, 'digest-not-supported', /are right/],
  ])('%s', async (_what, script, tested, cause, seen) => {
    const { port } = await carrier({ users: USERS, ...script });
    const { registration, call } = await run(port, { ...registering, call: CALL, ...tested });
    expect(registration).toMatchObject({ cause, seen: expect.stringMatching(seen), todo: expect.any(String) });
    expect(call).toMatchObject({ cause: 'not-run' });
    expect(JSON.stringify(registration)).not.toContain(String(tested.password ?? 'open sesame'));
  });

  it('another realm than the one of the trunk: the password is not used', async () => {
    const { port, requests } = await carrier({ users: USERS });
    const trunk = { ...registering.trunk, realm: 'other.example.com' };
    expect(found(await run(port, { ...registering, trunk }))).toMatchObject({ registration: 'wrong-realm' });
    expect(requests.filter((request) => headerOf(request, 'authorization') !== '')).toEqual([]);
  });

  it('a password that cannot be decrypted', async () => {
    const { port } = await carrier();
    const checks = await run(port, { ...registering, password: undefined });
    expect(found(checks)).toMatchObject({ registration: 'password-not-readable' });
  });
});

describe('the faults of a call', () => {
  it.each<[string, Partial<CarrierScript>, Tested, string]>([
    ['a wrong number', {}, {}, 'wrong-number'],
    ['an incomplete number', { numbers: { [CALL.dialled]: 484 } }, {}, 'wrong-number'],
    ['a wrong codec', { codecs: ['PCMA'] }, { trunk: { codecs: ['PCMU'] } }, 'wrong-codec'],
    ['SRTP that is not taken', { codecs: [] }, { trunk: { srtp: 'required' } }, 'srtp-not-agreed'],
    ['a caller ID that is not allowed', { numbers: { [CALL.dialled]: 403 } }, {}, 'caller-id-or-account'],
    [
      'a wrong password',
      { challengesCalls: true, users: USERS },
      { trunk: { username: 'alice' }, password: 'wrong' },
      'wrong-credentials',
    ],
    ['no password where one is asked for', { challengesCalls: true }, {}, 'credentials-missing'],
    ['a failing carrier', { numbers: { [CALL.dialled]: 503 } }, {}, 'carrier-failure'],
    ['a carrier that redirects', { numbers: { [CALL.dialled]: 302 } }, {}, 'redirected'],
  ])('%s', async (_what, script, tested, cause) => {
    const { port, methods } = await carrier(script);
    const { call } = await run(port, { call: CALL, ...tested });
    expect(call).toMatchObject({ cause, todo: expect.any(String) });
    await eventually(() => methods().includes('ACK'), { message: 'the acknowledgement' });
  });

  it.each([
    ['another codec than offered', 'm=audio 4000 RTP/AVP 18 101', 'wrong-codec'],
    ['no audio', 'm=audio 0 RTP/AVP 0', 'wrong-codec'],
    ['SRTP that was not offered', 'm=audio 4000 RTP/SAVP 0', 'wrong-codec'],
    ['no description of it', '', 'wrong-codec'],
    ['what fits', 'm=audio 4000 RTP/AVP 8 101', undefined],
  ])('an answer with %s', async (_what, media, cause) => {
    const session = `v=0\r\nc=IN IP4 192.0.2.1\r\n${media}\r\n`;
    const { port, methods } = await carrier({ numbers: { [CALL.dialled]: 200 }, session });
    const { call } = await run(port, { call: CALL });
    expect(call).toMatchObject({ result: cause === undefined ? 'pass' : 'fail', sip_status: 200 });
    expect(call!.cause ?? undefined).toBe(cause);
    expect(methods()).toContain('BYE');
  });

  it('busy is none: the trunk put the call through', async () => {
    const { port } = await carrier({ numbers: { [CALL.dialled]: 486 } });
    expect((await run(port, { call: CALL }))['call']).toMatchObject({ result: 'pass', sip_status: 486 });
  });

  it('a call that was challenged and authenticated is none', async () => {
    const { port } = await carrier({ challengesCalls: true, users: USERS, numbers: { [CALL.dialled]: 486 } });
    const trunk = { username: 'alice' };
    expect((await run(port, { call: CALL, trunk, password: 'open sesame' }))['call']).toMatchObject({ result: 'pass' });
  });

  it('a carrier that says nothing more: the call is cancelled', async () => {
    const { port, methods } = await carrier({ numbers: { [CALL.dialled]: 'trying' } });
    expect((await run(port, { call: CALL }))['call']).toMatchObject({ result: 'inconclusive', sip_status: 100 });
    expect(methods()).toContain('CANCEL');
  });
});

describe('the end of a call that is not answered in time', () => {
  it('is no CANCEL before the carrier has the INVITE, and one as soon as it says so', async () => {
    const slow = await carrier({ numbers: { [CALL.dialled]: 'slow' } });
    const { call } = await run(slow.port, { call: CALL }, { workMs: 600 });
    expect(call).toMatchObject({ result: 'pass', sip_status: 180 });
    await eventually(() => slow.methods().includes('CANCEL'), { message: 'the CANCEL' });
    const deaf = await carrier({ silent: true });
    await run(deaf.port, { call: CALL }, { workMs: 600 });
    expect(deaf.methods()).toContain('INVITE');
    expect(deaf.methods()).not.toContain('CANCEL');
  });

  it('is the end of its INVITEs too', () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const written: string[] = [];
      const wire: Wire = {
        ...{ transport: 'udp', here: '192.0.2.10:5060', address: '192.0.2.10' },
        ...{ tls: undefined, listen: () => undefined, closeAfter: () => undefined },
        send: (text) => written.push(text),
      };
      const client = new SipClient(wire);
      const sent = client.send({ method: 'INVITE', uri: 'sip:a@192.0.2.1', headers: [] }, { timeoutMs: 11_000 });
      for (let halves = 0; halves < 7; halves += 1) mock.timers.tick(500);
      expect(written).toHaveLength(4);
      sent.sendNoMore();
      for (let halves = 0; halves < 14; halves += 1) mock.timers.tick(500);
      expect(written).toHaveLength(4);
    } finally {
      mock.timers.reset();
    }
  });
});

describe('the faults of the place', () => {
  it('nothing listens, over TCP', async () => {
    const { port, close } = await startScriptedCarrier({}, { transport: 'tcp' });
    await close();
    expect(found(await run(port, { trunk: { transport: 'tcp' } }))).toEqual({
      dns: 'pass',
      transport: 'nothing-listens',
      options: 'not-run',
    });
  });

  it('nothing listens, over UDP', async () => {
    const checks = await run(await freePort(), registering);
    expect(found(checks)).toMatchObject({ transport: 'nothing-listens', registration: 'no-answer' });
  });

  it('nobody answers', async () => {
    const { port } = await carrier({ silent: true });
    const checks = await run(port, registering);
    expect(found(checks)).toMatchObject({ transport: 'no-answer', registration: 'no-answer' });
    expect(checks['registration']!.todo).toContain('192.0.2.10');
  });

  it('the port does not speak TLS', async () => {
    const { port } = await carrier({}, { transport: 'tcp' });
    expect(found(await run(port, { trunk: { transport: 'tls' } }))).toEqual({
      dns: 'pass',
      transport: 'tls-not-spoken',
      certificate: 'not-run',
      options: 'not-run',
    });
  });

  it('a certificate of nobody that is known, whose name does not match: SIP is spoken all the same', async () => {
    const { port } = await carrier({}, { transport: 'tls', ...own });
    const checks = await run(port, { trunk: { transport: 'tls' } });
    expect(found(checks)).toEqual({
      dns: 'pass',
      transport: 'pass',
      certificate: 'certificate-name-mismatch',
      options: 'pass',
    });
    expect(checks['certificate']!.seen).toContain('sip.example.com');
  });

  it('a private address behind a name: nothing is sent there', async () => {
    const { port, requests } = await carrier();
    const trunk = { gateway: `localhost:${port}` };
    expect(found(await run(port, { trunk }, { allowPrivate: false }))).toEqual({
      dns: 'address-not-allowed',
      transport: 'not-run',
      options: 'not-run',
    });
    expect(requests).toEqual([]);
  });

  it('the time is over: what was not run is said', async () => {
    const { port } = await carrier({ silent: true });
    const checks = await run(port, { ...registering, call: CALL }, { workMs: 300 });
    expect(Object.keys(checks)).toEqual(['dns', 'transport', 'options', 'registration', 'call']);
    expect(checks['call']).toMatchObject({ result: 'inconclusive', cause: 'not-run' });
  });
});
