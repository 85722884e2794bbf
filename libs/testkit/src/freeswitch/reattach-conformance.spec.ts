import { createSocket, type Socket } from 'node:dgram';
import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../eventually.process.js';
import { freePort } from '../free-port.net.js';
import { EslClient } from './esl-client.net.js';
import { readRecording, type Frame } from './recording.js';
import { startStandIn, type StandIn } from './stand-in.net.js';

const RECORDING = join(import.meta.dirname, '../../recordings/inbound-codec-change.esl.txt');
const opened: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** A FreeSWITCH whose dialplan connects to the port. */
async function startFor(socketPort: number): Promise<StandIn> {
  const conf = await mkdtemp(join(tmpdir(), 'trunkmesh-conf-'));
  opened.push(() => rm(conf, { recursive: true, force: true }));
  await writeFile(
    join(conf, 'freeswitch.xml'),
    `<?xml version="1.0"?>
<document type="freeswitch/xml"><section name="configuration">
<configuration name="sofia.conf"><profiles><profile name="external">
<settings><param name="sip-ip" value="127.0.0.1"/><param name="context" value="public"/></settings>
</profile></profiles></configuration></section>
<section name="dialplan"><context name="public"><extension name="all"><condition>
<action application="socket" data="127.0.0.1:${socketPort} async full"/>
<action application="respond" data="503 Service Unavailable"/>
</condition></extension></context></section></document>
`,
  );
  const standIn = await startStandIn({ confDir: conf, eslPort: 0 });
  opened.push(() => standIn.stop());
  return standIn;
}

async function media(): Promise<{ socket: Socket; frames: () => number }> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  opened.push(
    () =>
      new Promise<void>((resolve) => {
        socket.close(() => resolve());
      }),
  );
  let frames = 0;
  socket.on('message', () => {
    frames += 1;
  });
  return { socket, frames: () => frames };
}

const header = (frame: Frame, name: string) => frame.event?.find(([key]) => key === name)?.[1];
const events = (frames: Frame[]) =>
  frames.filter(
    (frame) =>
      header(frame, 'Event-Name') !== undefined && frame.headers.some(([, value]) => value === 'text/event-plain'),
  );
/** What each event says of where the channel is. */
const told = (frames: Frame[]) =>
  events(frames).map((frame) =>
    [
      'Event-Name',
      'Channel-State',
      'Channel-Call-State',
      'Application',
      'Channel-Read-Codec-Name',
      'DTMF-Source',
      'Hangup-Cause',
    ]
      .map((name) => header(frame, name) ?? '')
      .join(' ')
      .trim(),
  );
const UNICAST = 'sendmsg\ncall-command: unicast\nlocal-ip: 127.0.0.1\ntransport: udp\nflags: none\n';
const PARK = 'sendmsg\ncall-command: xferext\napplication: park\napplication: hangup NORMAL_TEMPORARY_FAILURE';

async function driven() {
  const port = await freePort();
  const standIn = await startFor(port);
  const connected = new Promise<EslClient>((resolve) => {
    const server = createServer((socket) => {
      server.close();
      resolve(new EslClient(socket));
    });
    server.listen(port, '127.0.0.1');
  });
  const call = standIn.call({
    source: { address: '127.0.0.1', port: 48_581 },
    from: '+15559876543',
    request_user: '+15551234567',
  });
  const program = await connected;
  opened.push(() => program.close());
  const { socket, frames } = await media();
  const unicast =
    `${UNICAST}local-port: ${await freePort()}\nremote-ip: 127.0.0.1\nremote-port: ` + `${socket.address().port}`;
  for (const command of [
    'connect',
    'linger 5',
    'myevents',
    'nixevent CHANNEL_CALLSTATE PRESENCE_IN CHANNEL_PROGRESS_MEDIA',
  ])
    program.send(command);
  program.send('sendmsg\ncall-command: execute\nexecute-app-name: answer');
  await eventually(() =>
    events(program.frames).some((frame) => header(frame, 'Event-Name') === 'CHANNEL_EXECUTE_COMPLETE'),
  );
  program.send('event plain CODEC');
  program.send(unicast);
  await eventually(() => frames() > 2, { message: 'frames' });
  const seen = (name: string) =>
    eventually(() => events(program.frames).some((frame) => header(frame, 'Event-Name') === name), { message: name });
  const silent = async (): Promise<boolean> => {
    const before = frames();
    await new Promise((resolve) => {
      setTimeout(resolve, 150);
    });
    return frames() === before;
  };
  return { call, program, unicast, frames, seen, silent };
}

describe('a codec that is changed, as recorded', () => {
  it('ends unicast; a second one brings nothing, a third one in a new loop does; the connection stays', async () => {
    const recorded = readRecording(await readFile(RECORDING, 'utf8')).flatMap(({ frames }) => frames);
    const { call, program, unicast, frames, seen, silent } = await driven();
    await call.changeCodec('PCMA');
    await seen('CODEC');
    expect(await silent()).toBe(true);
    program.send(unicast);
    expect(await silent()).toBe(true);
    const parks = () =>
      events(program.frames).filter(
        (frame) => header(frame, 'Event-Name') === 'CHANNEL_EXECUTE' && header(frame, 'Application') === 'park',
      ).length;
    program.send(PARK);
    await eventually(() => parks() === 1, { message: 'the new loop' });
    const before = frames();
    program.send(unicast);
    await eventually(() => frames() > before + 2, { message: 'frames again' });
    call.press('7', 'ENDPOINT');
    for (const name of ['rtp_use_codec_name', 'rtp_use_codec_ptime', 'read_codec']) program.send(`getvar ${name}`);
    await seen('DTMF');
    call.hangUp();
    await seen('CHANNEL_HANGUP_COMPLETE');
    const steady = (all: Frame[]) => told(all).slice(told(all).findIndex((text) => text.startsWith('CODEC')));
    expect(steady(program.frames)).toEqual(steady(recorded));
    const variables = (all: Frame[]) =>
      all
        .flatMap(({ headers }) => headers.filter(([name]) => name === 'Reply-Text').map(([, value]) => value))
        .slice(-3);
    expect(variables(program.frames)).toEqual(variables(recorded));
  }, 20_000);

  it('and the new loop ends with its program as the first one does: the call is hung up', async () => {
    const { call, program } = await driven();
    program.send(PARK);
    await eventually(
      () => told(program.frames).some((text) => text.startsWith('CHANNEL_EXECUTE ') && text.includes('park')),
      { message: 'the new loop' },
    );
    program.close();
    expect(await call.ended).toMatchObject({ cause: 'NORMAL_TEMPORARY_FAILURE', answered: true });
  });
});
