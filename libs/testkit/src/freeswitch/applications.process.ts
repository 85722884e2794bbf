import { randomUUID } from 'node:crypto';
import { PHRASES } from './carrier.js';
import { deflect } from './deflect.js';
import type { Leg } from './leg.process.js';
import { recordSession } from './record-session.fs.js';
import type { Headers } from './wire.js';

type Application = (leg: Leg, data: string) => 'blocking' | void | Promise<'blocking' | void>;

const assign: Application = (leg, data) => {
  const equals = data.indexOf('=');
  if (equals > 0) leg.channel.set(data.slice(0, equals).replace(/^nolocal:/, ''), data.slice(equals + 1));
};

/** What the dialplan or a program may have a channel do. */
const APPLICATIONS: Record<string, Application> = {
  answer: (leg) => leg.answer(),
  pre_answer: (leg) => {
    leg.channel.answerState = 'early';
    leg.fire('CHANNEL_PROGRESS_MEDIA');
  },
  ring_ready: (leg) => leg.ringing(),
  respond: (leg, data) => {
    const [, status = '', phrase] = /^(\d{3})\s*(.*)$/.exec(data) ?? [];
    leg.respond(Number(status), phrase === undefined || phrase === '' ? (PHRASES[Number(status)] ?? '') : phrase);
  },
  deflect: (leg, data) => deflect(leg, data),
  record_session: (leg, data) => recordSession(leg, data),
  hangup: (leg, data) => leg.hangup(data === '' ? 'NORMAL_CLEARING' : data),
  park: () => undefined,
  echo: (leg) => {
    leg.echo();
    return 'blocking';
  },
  playback: () => undefined,
  gentones: () =>
    new Promise((resolve) => {
      setTimeout(resolve, 1_000);
    }),
  sleep: (_leg, data) =>
    new Promise((resolve) => {
      setTimeout(resolve, Number(data) || 0);
    }),
  set: assign,
  export: assign,
  send_dtmf: (leg, data) => {
    leg.digitsHeard += data;
  },
  multiset: (leg, data) => {
    for (const part of data.split(/\s+/)) void assign(leg, part);
  },
  unset: (leg, data) => leg.channel.set(data, undefined),
  ...Object.fromEntries(['log', 'info'].map((name) => [name, () => undefined])),
};

/** Runs one dialplan application with its two events. `echo` and its like hold until the call ends. */
export async function execute(leg: Leg, application: string, data: string): Promise<void> {
  const { channel } = leg;
  if (channel.hungUp) return;
  const id = randomUUID();
  channel.set('current_loop', '1');
  channel.set('total_loops', '1');
  channel.set('current_application_data', data);
  channel.set('current_application', application);
  const what: Headers = [['Application', application], ...(data === '' ? [] : [['Application-Data', data] as const])];
  leg.fire('CHANNEL_EXECUTE', [...what, ['Application-UUID', id]]);
  const run = APPLICATIONS[application];
  if (run === undefined) return leg.hangup('DESTINATION_OUT_OF_ORDER');
  if ((await run(leg, data)) === 'blocking') leg.hold(application, data, id);
  else leg.fire('CHANNEL_EXECUTE_COMPLETE', [...what, ['Application-Response', '_none_'], ['Application-UUID', id]]);
  leg.leaveLoop();
}
