import type { Response } from 'express';
import type { ChangeLog } from './change-log.js';

/** What happens together is sent together. */
const SETTLE_MS = 100;
/** A sign of life, and a look whether the caller still may read. */
const BEAT_MS = 5_000;
/** A client that reads so slowly is disconnected; it resumes with the id of what it has read. */
const MAX_UNREAD_BYTES = 256 * 1024;

export interface Streamed {
  response: Response;
  log: ChangeLog;
  /** What the client read last, where it resumes. */
  lastEventId: string | undefined;
  /** Rejects when the key was revoked or the session has ended. */
  mayRead: () => Promise<unknown>;
}

/** Changes as server-sent events (WHATWG HTML) for one client. */
export class ChangeStream {
  /** Settles when the client is gone, or may read no longer. */
  readonly ended: Promise<void>;
  private readonly beating: NodeJS.Timeout;
  private settling: NodeJS.Timeout | undefined;
  private lastId: string | undefined;

  constructor(private readonly streamed: Streamed) {
    const { response, lastEventId } = streamed;
    this.lastId = lastEventId;
    this.beating = setInterval(() => void this.beat(), BEAT_MS);
    this.ended = new Promise((resolve) => response.once('close', resolve)).then(() => {
      clearInterval(this.beating);
      clearTimeout(this.settling);
    });
    // Buffering proxies would keep the events until the end.
    response.status(200).set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' }).flushHeaders();
    if (lastEventId === undefined) this.write('hello', streamed.log.lastId, {});
    else this.flush();
  }

  changed(): void {
    this.settling ??= setTimeout(() => {
      this.settling = undefined;
      this.flush();
    }, SETTLE_MS);
  }

  end(): void {
    this.streamed.response.end();
  }

  private flush(): void {
    const { changes, is_complete, last_event_id } = this.streamed.log.after(this.lastId);
    if (!is_complete) this.write('resync', last_event_id, {});
    for (const { id, ...changed } of changes) this.write('change', id, changed);
    this.lastId = last_event_id;
  }

  private write(event: string, id: string, data: object): void {
    const { response } = this.streamed;
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
    if (response.writable) response.write(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
    this.lastId = id;
  }

  private async beat(): Promise<void> {
    try {
      await this.streamed.mayRead();
      if (this.streamed.response.writable) this.streamed.response.write(': still here\n\n');
    } catch (error) {
      // The database may be down for a moment: whoever could read before goes on.
      const { code } = error as { code?: string };
      if (code !== 'not-authenticated' && code !== 'not-allowed') return;
      this.write('end', this.streamed.log.lastId, {});
      this.end();
    }
  }
}
