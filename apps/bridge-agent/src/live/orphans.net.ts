import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { EventSocket } from './live-calls.net.js';
import { orphansIn, type Search } from './orphans.js';

/** Of more the list would be larger than an answer of the event socket may be. */
const MOST = 10_000;

/** "Try again" to callers who wait for an agent that was killed before it took their calls. */
export async function refuseOrphans(esl: EventSocket, search: Search, logger: Logger): Promise<void> {
  const textOf = async (args: string): Promise<string> => {
    const reply = await esl.api('show', args);
    return reply.outcome === 'reply' ? reply.text : '';
  };
  const count = Number(/\d+/.exec(await textOf('channels count'))?.[0] ?? 0);
  if (count > MOST) return logger.warn({ channels: count }, 'too many channels to look for calls that nobody drives');
  const orphans = count === 0 ? [] : orphansIn(await textOf('channels as json'), search);
  for (const callId of orphans) {
    logger.warn({ call_id: callId }, 'a call that an agent died of before it took it is refused');
    await esl.api('uuid_kill', `${callId} NORMAL_TEMPORARY_FAILURE`);
  }
}
