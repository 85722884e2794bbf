/** A long command: it says how far it is, and stops when it is told to, having done either all or a part that the next run goes on from. */
export interface Running {
  signal: AbortSignal;
  progress(stage: string, done: number, total: number): void;
}
