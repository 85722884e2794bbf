import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { subscribe } from '../esl/esl-command.js';
import type { EslClient } from '../esl/esl-client.net.js';
import type { LiveCallTable } from './live-call-table.js';
import { found, nextStep, type LiveCall } from './live-calls.js';

/** What calls need from the event socket of this host's FreeSWITCH. */
export type EventSocket = Pick<EslClient, 'send' | 'api' | 'connected'>;

/** FreeSWITCH's event about a call's end. */
export const HANGUP = 'CHANNEL_HANGUP_COMPLETE';
const ASK_DEADLINE_MS = 2_000;

export interface CallSearchOptions {
  calls: LiveCallTable;
  /** The call has ended unobserved. */
  onLost(call: LiveCall): void;
  now: () => Date;
  logger: Logger;
}

/** Asks FreeSWITCH for calls that have no connection of their own. */
export class CallSearch {
  private socket: EventSocket | undefined;
  private looking = false;

  constructor(private readonly options: CallSearchOptions) {}

  onUp(socket: EventSocket): void {
    this.socket = socket;
    this.lookOnce();
  }

  onDown(): void {
    this.socket = undefined;
  }

  lookOnce(): void {
    const { calls, logger } = this.options;
    if (this.looking || calls.count() === 0) return;
    this.looking = true;
    const unwatched = calls.all().some(({ watch }) => watch === 'unknown');
    // Subscribes first, so that no hang-up is missed between the two commands; subscribing twice does no harm.
    const subscribed =
      unwatched && this.socket?.connected === true ? this.socket.send(subscribe([HANGUP])) : Promise.resolve(undefined);
    subscribed
      .then(() => this.look())
      .catch((error: unknown) => {
        logger.error({ err: error }, 'cannot look for calls without a connection');
      })
      .finally(() => {
        this.looking = false;
      });
  }

  private async look(): Promise<void> {
    const { calls, now, onLost } = this.options;
    const esl = this.socket?.connected === true ? this.socket : undefined;
    const asked: Promise<void>[] = [];
    for (const call of calls.all()) {
      const step = nextStep(call, esl !== undefined, now());
      if (step === 'ask' && esl !== undefined) asked.push(this.ask(esl, call));
      if (step === 'give-up') onLost(call);
    }
    await Promise.all(asked);
  }

  private async ask(esl: EventSocket, call: LiveCall): Promise<void> {
    const { calls, now } = this.options;
    const { call_id: callId } = call.started.data;
    const askedAt = now();
    const reply = await esl.api('uuid_exists', callId, ASK_DEADLINE_MS);
    if (reply.outcome !== 'reply' || calls.get(callId) !== call) return;
    const text = reply.text.trim();
    if (text === 'true' || text === 'false') found(call, text === 'true', askedAt);
  }
}
