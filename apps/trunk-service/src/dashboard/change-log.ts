import type { Change, Changed, ChangeList } from './change.js';

const MAX_KEPT = 512;

/**
 * The latest changes that one copy of the service has seen for one reader's scope. Another copy, or this one after a
 * restart, has another `epoch`, so an id of before is recognised and answered as incomplete.
 */
export class ChangeLog {
  private changes: Change[] = [];
  private count = 0;
  /** Ids up to this number are not kept, or were never seen. */
  private missingUntil = 0;

  constructor(private readonly epoch: string) {}

  get lastId(): string {
    return this.idOf(this.count);
  }

  add(changed: Changed): void {
    this.count += 1;
    this.changes.push({ id: this.idOf(this.count), ...changed });
    if (this.changes.length <= MAX_KEPT) return;
    this.changes = this.changes.slice(-MAX_KEPT / 2);
    this.missingUntil = this.count - this.changes.length;
  }

  /** Something may have happened that was not seen. */
  interrupted(): void {
    this.count += 1;
    this.changes = [];
    this.missingUntil = this.count;
  }

  /** What changed after `id`; without one nothing is missing, because the reader has just begun to look. */
  after(id: string | undefined): ChangeList {
    const last_event_id = this.lastId;
    if (id === undefined) return { changes: [], is_complete: true, last_event_id };
    const at = this.numberOf(id);
    if (at === undefined || at < this.missingUntil || at > this.count)
      return { changes: [], is_complete: false, last_event_id };
    const changes = this.changes.slice(this.changes.length - (this.count - at));
    return { changes: at === this.count ? [] : latestOfEach(changes), is_complete: true, last_event_id };
  }

  private idOf = (count: number) => `${this.epoch}-${count}`;

  private numberOf(id: string): number | undefined {
    const [, epoch, count] = /^([\da-f]+)-(\d{1,15})$/.exec(id) ?? [];
    return epoch === this.epoch ? Number(count) : undefined;
  }
}

/** A trunk that changed ten times is read once. */
function latestOfEach(changes: readonly Change[]): Change[] {
  const latest = new Map<string, Change>();
  for (const each of changes) {
    const name = `${each.kind} ${each.entity}`;
    latest.delete(name);
    latest.set(name, each);
  }
  return [...latest.values()];
}
