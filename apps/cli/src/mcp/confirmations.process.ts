import { createHash, randomBytes } from 'node:crypto';

const VALID_MS = 5 * 60_000;

/**
 * What was announced and may be done once, when the same request comes again with its code. The code holds for exactly
 * this request and for five minutes.
 */
export class Confirmations {
  private readonly waiting = new Map<string, { request: string; until: number }>();

  constructor(private readonly now: () => number = Date.now) {}

  announce(request: unknown): string {
    for (const [code, { until }] of this.waiting) if (until <= this.now()) this.waiting.delete(code);
    const code = randomBytes(4).toString('hex');
    this.waiting.set(code, { request: digest(request), until: this.now() + VALID_MS });
    return code;
  }

  /** True once for a code that belongs to this request. */
  confirm(code: string, request: unknown): boolean {
    const announced = this.waiting.get(code);
    if (announced === undefined || announced.until <= this.now() || announced.request !== digest(request)) return false;
    return this.waiting.delete(code);
  }
}

const digest = (request: unknown) => createHash('sha256').update(JSON.stringify(request)).digest('hex');
