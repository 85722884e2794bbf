/** Work on one call's files, one after the other; different calls do not wait for each other. */
export class TurnsByCall {
  private readonly last = new Map<string, Promise<void>>();

  /** Also after work that failed. */
  run(callId: string, work: () => Promise<void>): Promise<void> {
    const done = (this.last.get(callId) ?? Promise.resolve()).then(work, work);
    this.last.set(callId, done);
    done
      .catch(() => undefined)
      .finally(() => {
        if (this.last.get(callId) === done) this.last.delete(callId);
      });
    return done;
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.last.values());
  }
}
