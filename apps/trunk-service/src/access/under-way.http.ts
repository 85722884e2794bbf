import type { Response } from 'express';

/** How many requests of each organisation are under way. */
export class UnderWay {
  private readonly counts = new Map<string, number>();

  of(organizationId: string): number {
    return this.counts.get(organizationId) ?? 0;
  }

  /** Until the answer is sent, or its connection lost. */
  add(organizationId: string, response: Response): void {
    this.counts.set(organizationId, this.of(organizationId) + 1);
    response.once('close', () => {
      const left = this.of(organizationId) - 1;
      if (left === 0) this.counts.delete(organizationId);
      else this.counts.set(organizationId, left);
    });
  }
}
