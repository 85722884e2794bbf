import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { EventSocket } from './call-search.net.js';
import { orphansIn, type Search } from './orphans.js';

/** With more channels the list would exceed the event socket's maximum reply. */
const MAX_CHANNELS = 10_000;

/** Rejects, with 503, callers that wait for an agent that was killed before it accepted their calls. */
export async function refuseOrphans(esl: EventSocket, search: Search, logger: Logger): Promise<void> {
  const textOf = async (args: string): Promise<string> => {
    const reply = await esl.api('show', args);
    return reply.outcome === 'reply' ? reply.text : '';
  };
  const count = Number(/\d+/.exec(await textOf('channels count'))?.[0] ?? 0);
  if (count > MAX_CHANNELS)
    return logger.warn({ channels: count }, 'too many channels; not looking for orphaned calls');
  const orphans = count === 0 ? [] : orphansIn(await textOf('channels as json'), search);
  for (const callId of orphans) {
    logger.warn({ call_id: callId }, 'rejected an orphaned call: the previous agent exited before handling it');
    await esl.api('uuid_kill', `${callId} NORMAL_TEMPORARY_FAILURE`);
  }
}
