import { execute } from './applications.process.js';
import type { Action as DialplanAction } from './configuration.fs.js';
import type { Leg } from './leg.process.js';
import type { UnicastOptions } from './unicast.net.js';
import type { Command } from './wire.js';

const queues = new WeakMap<Leg, Promise<void>>();

/** `sendmsg` on a call: one message at a time, in the order of arrival. */
export function sendMessage(leg: Leg, command: Command): Promise<void> {
  const next = (queues.get(leg) ?? Promise.resolve()).then(() => run(leg, command)).catch(() => undefined);
  queues.set(leg, next);
  return next;
}

async function run(leg: Leg, { headers, lines, body }: Command): Promise<void> {
  await leg.media.untilRead;
  if (leg.channel.hungUp) return;
  const what = headers.get('call-command');
  if (what === 'execute')
    await execute(leg, headers.get('execute-app-name') ?? '', headers.get('execute-app-arg') ?? body);
  if (what === 'hangup') leg.hangup(headers.get('hangup-cause') ?? 'NORMAL_CLEARING');
  if (what === 'unicast') await leg.media.attach(unicastOf(headers));
  if (what === 'xferext') await leg.parking.proceed(applicationsOf(lines));
}

/** Each `application: NAME DATA` is one. */
function applicationsOf(lines: Command['lines']): DialplanAction[] {
  return lines
    .filter(([name]) => name === 'application')
    .map(([, value]) => {
      const [application = '', ...data] = value.split(' ');
      return { application, data: data.join(' ') };
    });
}

/** FreeSWITCH's own defaults. */
function unicastOf(headers: ReadonlyMap<string, string>): UnicastOptions {
  const text = (name: string, fallback: string) => headers.get(name) ?? fallback;
  return {
    localAddress: text('local-ip', '127.0.0.1'),
    localPort: Number(text('local-port', '8025')),
    remoteAddress: text('remote-ip', '127.0.0.1'),
    remotePort: Number(text('remote-port', '8026')),
    native: headers.get('flags') === 'native',
  };
}
