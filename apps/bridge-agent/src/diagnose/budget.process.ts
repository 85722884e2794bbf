/** What is left of a test's time. Every wait of a test is a part of it, so that the answer always comes. */
export class Budget {
  private readonly endsAt: number;

  constructor(milliseconds: number) {
    this.endsAt = performance.now() + milliseconds;
  }

  /** So much, as far as it is left. */
  part(milliseconds: number): number {
    return Math.max(0, Math.min(milliseconds, this.endsAt - performance.now()));
  }
}
