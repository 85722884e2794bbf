import { setTimeout as sleep } from 'node:timers/promises';
import { expectedCall, type ExpectedCall } from '@trunkmesh/contracts/expected-call.js';
import { EXPECTED_CALLS_BUCKET } from '@trunkmesh/contracts/subjects.js';
import { openBucket, type Watch } from '@trunkmesh/event-log/bucket.nats.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';

/** Without NATS a watch may take long to end; nothing depends on it. */
const STOP_MS = 500;

/**
 * Trunks whose organisation waits for a call of its own. In memory: a call asks without waiting, and one that arrives
 * while NATS is unreachable is answered as it was known last.
 */
export class ExpectedCalls {
  private readonly byTrunk = new Map<string, ExpectedCall>();
  private watch: Watch | undefined;

  constructor(link: NatsLink, logger: Logger) {
    link.onConnected((nc) => {
      this.watch ??= openBucket(nc, { name: EXPECTED_CALLS_BUCKET, schema: expectedCall, logger }).watch({
        onPut: (_key, value) => this.keep(value),
        // `<organisation>.<trunk>` (`expectedCallKey`).
        onDelete: (key) => {
          this.byTrunk.delete(key.split('.')[1] ?? '');
        },
        onReset: () => this.byTrunk.clear(),
      });
    });
  }

  /** Whether a call that was accepted for this organisation and trunk is the one that it waits for. */
  isEchoed(call: { organization_id: string; trunk_id: string; caller: string | null }, now: Date): boolean {
    const expected = this.byTrunk.get(call.trunk_id);
    if (expected === undefined || !expected.echo || expected.organization_id !== call.organization_id) return false;
    return now.toISOString() < expected.expires_at && (expected.from === null || expected.from === call.caller);
  }

  async stop(): Promise<void> {
    await Promise.race([this.watch?.stop(), sleep(STOP_MS, undefined, { ref: false })]);
  }

  /** The bucket says nothing when an entry runs out. */
  private keep(value: ExpectedCall): void {
    const now = new Date().toISOString();
    for (const [trunk, { expires_at }] of this.byTrunk) if (expires_at <= now) this.byTrunk.delete(trunk);
    if (value.expires_at > now) this.byTrunk.set(value.trunk_id, value);
    else this.byTrunk.delete(value.trunk_id);
  }
}
