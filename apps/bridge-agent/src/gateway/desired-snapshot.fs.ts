import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { trunkState } from '@trunkmesh/contracts/trunk.js';
import { z } from 'zod';
import { syncFile, syncFolder } from '@trunkmesh/runtime/disk-sync.fs.js';
import type { BridgeIdentity } from '../bridge/bridge-identity.js';
import type { DesiredState } from './desired.js';

/** The last known desired state, for a restart while NATS is unreachable. Passwords are sealed as in the events. */
const snapshot = z.object({
  format: z.literal(1),
  bridge: z.object({ id: z.string(), pool: z.string() }),
  position: z.number().int(),
  trunks: z.array(z.object({ state: trunkState, version: z.number().int().positive() })),
});

export interface DesiredSnapshot {
  /**
   * Undefined if there is none, or it belongs to another bridge or is unreadable; then the agent waits for the events.
   */
  load(): Promise<{ desired: DesiredState; position: number } | undefined>;
  save(desired: DesiredState, position: number): Promise<void>;
}

export function desiredSnapshot(stateDir: string, bridge: BridgeIdentity): DesiredSnapshot {
  const path = join(stateDir, 'desired.json');
  /**
   * Saves run one after another, because they share the temporary file, and on a slow disk the next is due before the
   * previous one ends.
   */
  let saving: Promise<void> = Promise.resolve();
  const write = async (text: string): Promise<void> => {
    await mkdir(stateDir, { recursive: true, mode: 0o750 });
    await writeFile(`${path}.tmp`, text, { mode: 0o640 });
    await syncFile(`${path}.tmp`);
    await rename(`${path}.tmp`, path);
    await syncFolder(stateDir);
  };
  return {
    async load() {
      const text = await readFile(path, 'utf8').catch(() => undefined);
      const parsed = text === undefined ? undefined : parse(text);
      if (parsed?.bridge.id !== bridge.id || parsed.bridge.pool !== bridge.pool) return undefined;
      const trunks = new Map(
        parsed.trunks.map(({ state, version }) => [state.id, { state, version, traceparent: null }]),
      );
      return {
        desired: { trunks, versions: new Map(parsed.trunks.map(({ state, version }) => [state.id, version])) },
        position: parsed.position,
      };
    },
    save(desired, position) {
      const trunks = [...desired.trunks.values()].map(({ state, version }) => ({ state, version }));
      const text = JSON.stringify({ format: 1, bridge: { id: bridge.id, pool: bridge.pool }, position, trunks });
      saving = saving.catch(() => undefined).then(() => write(text));
      return saving;
    },
  };
}

function parse(text: string): z.infer<typeof snapshot> | undefined {
  try {
    return snapshot.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
