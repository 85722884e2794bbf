interface OfCall {
  call_id: string;
  organization_id: string;
}

/** Longer than any request for a call takes to arrive, in milliseconds. */
const KEPT_MS = 600_000;
const KEPT_CALLS = 10_000;

/** Calls that were cancelled before their request arrived, so that it is not carried out. Times in milliseconds. */
export class CanceledAhead {
  private readonly calls = new Map<string, number>();

  note(call: OfCall, now: number): void {
    const key = keyOf(call);
    this.calls.delete(key);
    this.calls.set(key, now);
    for (const [oldest, at] of this.calls) {
      if (this.calls.size <= KEPT_CALLS && now - at <= KEPT_MS) return;
      this.calls.delete(oldest);
    }
  }

  has(call: OfCall, now: number): boolean {
    const at = this.calls.get(keyOf(call));
    return at !== undefined && now - at <= KEPT_MS;
  }
}

const keyOf = ({ organization_id, call_id }: OfCall): string => `${organization_id} ${call_id}`;
