import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createSocket } from 'node:dgram';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../eventually.process.js';
import { freePort } from '../free-port.net.js';
import { EslClient } from './esl-client.net.js';
import { startStandIn, type StandIn } from './stand-in.net.js';

let conf = '';
let socketPort = 0;
let standIn: StandIn;
let program: Server | undefined;

const gateway = (name: string, params: Record<string, string>) =>
  `<include>\n<gateway name="${name}">\n${Object.entries(params)
    .map(([key, value]) => `<param name="${key}" value="${value}"/>`)
    .join('\n')}\n</gateway>\n</include>\n`;
const put = (file: string, text: string) => writeFile(join(conf, 'gateways', file), text);
const TRUSTED = { proxy: '192.0.2.10', register: 'false' };

beforeEach(async () => {
  conf = await mkdtemp(join(tmpdir(), 'trunkmesh-conf-'));
  socketPort = await freePort();
  await mkdir(join(conf, 'gateways'));
  await writeFile(
    join(conf, 'acl.xml'),
    '<include>\n<node type="allow" cidr="192.0.2.0/24"/>\n<node type="deny" cidr="192.0.2.99/32"/>\n</include>\n',
  );
  await writeFile(
    join(conf, 'freeswitch.xml'),
    `<document type="freeswitch/xml">
<section name="configuration">
<configuration name="event_socket.conf"><settings><param name="password" value="ClueCon"/></settings></configuration>
<configuration name="acl.conf"><network-lists><list name="trunks" default="deny">
<X-PRE-PROCESS cmd="include" data="acl.xml"/>
</list></network-lists></configuration>
<configuration name="sofia.conf"><profiles><profile name="external"><gateways>
<X-PRE-PROCESS cmd="include" data="gateways/*.xml"/>
</gateways><settings><param name="apply-inbound-acl" value="trunks"/></settings></profile></profiles></configuration>
</section>
<section name="dialplan"><context name="public"><extension name="all"><condition>
<action application="socket" data="127.0.0.1:${socketPort} async full"/>
<action application="set" data="sip_rh_Retry-After=5"/>
<action application="respond" data="503 Service Unavailable"/>
</condition></extension></context></section>
</document>`,
  );
  standIn = await startStandIn({ confDir: conf, eslPort: 0 });
});
afterEach(async () => {
  program?.close();
  program = undefined;
  await standIn.stop();
  await rm(conf, { recursive: true, force: true });
});

async function api(command: string): Promise<string> {
  const client = await EslClient.connect(standIn.esl.port);
  client.send('auth ClueCon');
  client.send(`api ${command}`);
  const frame = await eventually(() =>
    client.frames.find(({ headers }) => headers.some(([, value]) => value === 'api/response')),
  );
  client.close();
  return frame.body ?? '';
}

/** The program that drives calls: takes one and hands over its connection. */
const takeCall = () =>
  new Promise<EslClient>((resolve) => {
    program = createServer((socket) => resolve(new EslClient(socket)));
    program.listen(socketPort, '127.0.0.1');
  });
const invite = { source: { address: '192.0.2.10' }, from: '+15559876543', request_user: '+15551234567' };

it('a file that goes while the folder is read is passed over', async () => {
  await put('a.xml', gateway('a.1', TRUSTED));
  // It is listed and cannot be opened.
  await symlink(join(conf, 'nowhere.xml'), join(conf, 'gateways', 'b.xml'));
  await put('c.xml', gateway('c.1', TRUSTED));
  expect(await api('sofia profile external rescan')).toContain('Reload XML [Success]');
  expect(
    standIn
      .gateways()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['a.1', 'c.1']);
});

describe('the files', () => {
  it('are read only on request, add only what is new by name, and leave out what FreeSWITCH would ignore', async () => {
    await put('a.xml', gateway('a.1', TRUSTED));
    expect(standIn.gateways()).toEqual([]);
    expect(await api('sofia profile external rescan')).toBe('Reload XML [Success]\n+OK scan complete\n');
    await put('a.xml', gateway('a.1', { ...TRUSTED, proxy: '192.0.2.11' }));
    await put('b.xml', gateway('not a name', TRUSTED));
    await put('c.xml', gateway('c.1', { proxy: '192.0.2.10', register: 'true' }));
    await put(
      'd.xml',
      `<include>${gateway('d.1', TRUSTED)
        .replaceAll('\n', '')
        .replaceAll(/<\/?include>/g, '')}</include>\n`,
    );
    await put('e.xml', gateway('e.1', TRUSTED));
    await api('sofia profile external rescan');
    expect(
      standIn
        .gateways()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['a.1', 'e.1']);
    expect(await api('sofia xmlstatus gateway a.1')).toContain('<proxy>sip:192.0.2.10</proxy>');
    await rm(join(conf, 'gateways', 'e.xml'));
    await api('sofia profile external rescan');
    expect(standIn.gateways()).toHaveLength(2);
  });

  it('broken, they load nothing, and the answer says +OK after where', async () => {
    await put('a.xml', gateway('a.1', TRUSTED));
    await put('b.xml', '<gateway name="b.1"\n');
    expect(await api('sofia profile external rescan')).toMatch(
      /^Reload XML \[\[error near line \d+\]: missing >\]\n\+OK scan complete\n$/,
    );
    expect(standIn.gateways()).toEqual([]);
  });
});

describe('access', () => {
  it('the most specific network decides, and a list that does not exist denies everybody', async () => {
    expect([
      await api('acl 192.0.2.10 trunks'),
      await api('acl 192.0.2.99 trunks'),
      await api('acl 198.51.100.1 trunks'),
      await api('acl 192.0.2.10 nosuch'),
    ]).toEqual(['true', 'false', 'false', 'false']);
    expect((await standIn.call({ ...invite, source: { address: '192.0.2.99' } }).final).status).toBe(403);
  });
});

describe('a call and its program', () => {
  it('without a program the dialplan goes on: 503, try again later', async () => {
    expect(await standIn.call(invite).final).toEqual({
      status: 503,
      phrase: 'Service Unavailable',
      headers: { 'Retry-After': '5' },
    });
  });

  it('a program that dies in an answered call ends it', async () => {
    const taken = takeCall();
    const call = standIn.call(invite);
    const client = await taken;
    client.send('connect');
    client.send('sendmsg\ncall-command: execute\nexecute-app-name: answer');
    expect((await call.final).status).toBe(200);
    client.close();
    expect(await call.ended).toMatchObject({ answered: true, cause: 'NORMAL_TEMPORARY_FAILURE' });
  });

  it('after `noevents` it gets the events that it names, of its channel alone', async () => {
    const taken = takeCall();
    const call = standIn.call(invite);
    const client = await taken;
    for (const command of ['connect', 'linger 5', 'myevents', 'noevents', 'event plain CHANNEL_HANGUP_COMPLETE'])
      client.send(command);
    client.send('sendmsg\ncall-command: execute\nexecute-app-name: answer');
    expect((await call.final).status).toBe(200);
    const unanswered = standIn.call({ ...invite, source: { address: '192.0.2.99' } });
    expect((await unanswered.final).status).toBe(403);
    call.hangUp();
    const named = () =>
      client.frames.flatMap(({ event }) => event?.filter(([name]) => name === 'Event-Name') ?? []).slice(1);
    await eventually(() => named().length > 0);
    expect(named()).toEqual([['Event-Name', 'CHANNEL_HANGUP_COMPLETE']]);
    client.close();
  });

  it("its audio goes out and comes back over UDP, 160 bytes every 20 ms in the call's own codec", async () => {
    const taken = takeCall();
    const call = standIn.call(invite);
    const client = await taken;
    const media = createSocket('udp4');
    await new Promise<void>((resolve) => {
      media.bind(0, '127.0.0.1', resolve);
    });
    const sizes: number[] = [];
    media.on('message', (frame, from) => {
      sizes.push(frame.length);
      media.send(frame, from.port, from.address);
    });
    client.send('connect');
    client.send('linger 5');
    client.send('myevents');
    client.send('sendmsg\ncall-command: execute\nexecute-app-name: answer');
    client.send(
      `sendmsg\ncall-command: unicast\nlocal-ip: 127.0.0.1\nlocal-port: ${await freePort()}\nremote-ip: ` +
        `127.0.0.1\nremote-port: ${media.address().port}\ntransport: udp\nflags: native`,
    );
    await eventually(() => sizes.length >= 10);
    call.hangUp();
    const record = await eventually(
      () => client.frames.find(({ event }) => event?.some(([, value]) => value === 'CHANNEL_HANGUP_COMPLETE'))?.event,
    );
    const value = (name: string) => Number(record.find(([key]) => key === `variable_${name}`)?.[1]);
    expect(new Set(sizes)).toEqual(new Set([160]));
    expect(value('rtp_audio_in_packet_count')).toBeGreaterThanOrEqual(9);
    expect(value('rtp_audio_out_packet_count')).toBeGreaterThanOrEqual(8);
    media.close();
    client.close();
  });
});
