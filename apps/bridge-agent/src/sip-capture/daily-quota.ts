const DAY_MS = 86_400_000;
/** More organisations than call through one bridge in a day. Beyond it the count of the quietest one is dropped. */
const ORGANIZATIONS = 20_000;

/**
 * So much a day for each organisation: what is not used is saved up to one day's. Pure but for its own table; times in
 * milliseconds.
 */
export class DailyQuota {
  private readonly left = new Map<string, { amount: number; at: number }>();

  constructor(private readonly perDay: number) {}

  /** False: it is used up, and nothing is taken. */
  take(organizationId: string, amount: number, now: number): boolean {
    const before = this.left.get(organizationId) ?? { amount: this.perDay, at: now };
    const saved = Math.min(this.perDay, before.amount + ((now - before.at) / DAY_MS) * this.perDay);
    const allowed = amount <= saved;
    this.left.delete(organizationId);
    this.left.set(organizationId, { amount: allowed ? saved - amount : saved, at: now });
    if (this.left.size > ORGANIZATIONS) this.left.delete(this.left.keys().next().value!);
    return allowed;
  }
}
