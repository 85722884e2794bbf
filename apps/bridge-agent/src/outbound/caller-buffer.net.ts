import type { EslClient, EslListener } from '../esl/esl-client.net.js';
import { api } from '../esl/esl-command.js';

/** One packet, growing to ten (`p`: packets of the call's own time, whichever the carrier uses). */
const ONE_PACKET = '1p:10p';
const SETTING = /^\d{1,5}p?(?::\d{1,5}p?)?$/;

/**
 * FreeSWITCH's buffer of what the called party sends (ADR 0008). It fills before the first frame is read, and what is
 * said to the called party begins with that read: with a buffer of 60 ms the assistant is heard 60 ms later. So a call
 * begins with a buffer of one packet, and gets the operator's once its audio flows. Where the operator's FreeSWITCH
 * has no buffer, it is left alone.
 */
export class CallerBuffer implements EslListener {
  private setting: string | undefined;

  constructor(private readonly esl: Pick<EslClient, 'api' | 'send'>) {}

  onUp(): void {
    void this.esl.api('global_getvar', 'jitterbuffer_msec').then((reply) => {
      const text = reply.outcome === 'reply' ? reply.text.trim() : '';
      this.setting = SETTING.test(text) ? text : undefined;
    });
  }

  /** Channel variables with which a call is dialled. */
  get variables(): readonly (readonly [name: string, value: string])[] {
    return this.setting === undefined ? [] : [['jitterbuffer_msec', ONE_PACKET]];
  }

  /** The call's audio flows, or it has none. */
  fill(callId: string): void {
    if (this.setting !== undefined) void this.esl.send(api('uuid_jitterbuffer', `${callId} ${this.setting}`));
  }
}
