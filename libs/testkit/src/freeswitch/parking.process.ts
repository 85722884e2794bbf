import { randomUUID } from 'node:crypto';
import type { CallMedia } from './call-media.net.js';
import type { Channel } from './channel.js';
import type { Action as DialplanAction } from './configuration.fs.js';
import type { Headers } from './wire.js';

/** What parking needs of the call. */
export interface ParkableCall {
  readonly channel: Channel;
  readonly media: CallMedia;
  fire(name: string, more?: Headers, options?: Parameters<Channel['headers']>[0]): void;
  complete(application: string, data: string, id: string): void;
}

/** A call that waits in an application such as `park` or `socket` for what a program orders. */
export class Parking {
  /** The application that the call waits in. */
  at: { application: string; data: string } | undefined;
  /** Called when the call leaves that application, for `queued` or for its end. */
  onLeft: (() => void) | undefined;
  queued: readonly DialplanAction[] | undefined;

  constructor(private readonly call: ParkableCall) {}

  leave(): void {
    if (this.at === undefined) return;
    this.call.fire('CHANNEL_UNPARK');
    this.call.complete(this.at.application, this.at.data, randomUUID());
    this.at = undefined;
  }

  /** `xferext`: out of its loop, and on with these. */
  async proceed(actions: readonly DialplanAction[]): Promise<void> {
    const { channel } = this.call;
    await this.call.media.leaveLoop();
    this.leave();
    channel.enter('CS_ROUTING', 2, 'RINGING');
    this.call.fire('CHANNEL_STATE', [], { variables: false });
    channel.enter('CS_EXECUTE', 4, 'ACTIVE');
    this.call.fire('CHANNEL_STATE', [], { variables: false });
    this.queued = actions;
    this.onLeft?.();
  }

  /** The application `park` of a call that a program drives: until that goes, the call ends, or it proceeds. */
  async park(): Promise<void> {
    this.call.fire('CHANNEL_EXECUTE', [
      ['Application', 'park'],
      ['Application-UUID', randomUUID()],
    ]);
    this.at = { application: 'park', data: '' };
    const over = new Promise<void>((resolve) => {
      this.onLeft = resolve;
    });
    this.call.fire('CHANNEL_PARK');
    await over;
  }
}
