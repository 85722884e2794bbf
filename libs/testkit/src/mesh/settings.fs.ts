import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, tcpIsFree } from '../free-port.net.js';
import type { MeshSettings } from './mesh-file.js';

export interface SettingsStore {
  readonly settings: MeshSettings;
  /** The port of the last start where it is still free, otherwise another. */
  port(name: string): Promise<number>;
  password(name: string): string;
  save(): Promise<void>;
}

export async function openSettings(folder: string): Promise<SettingsStore> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'settings.json');
  const settings = await readSettings(file);
  return {
    settings,
    port: async (name) => {
      const last = settings.ports[name];
      const port = last !== undefined && (await tcpIsFree(last)) ? last : await freePort();
      settings.ports[name] = port;
      return port;
    },
    password: (name) => (settings.passwords[name] ??= randomBytes(18).toString('base64url')),
    save: () => writePrivate(file, settings),
  };
}

async function readSettings(file: string): Promise<MeshSettings> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text !== undefined) return JSON.parse(text) as MeshSettings;
  return {
    bootstrapKey: `bootstrap_${randomBytes(24).toString('base64url')}`,
    secretKeys: `k1:${randomBytes(32).toString('base64')}`,
    organizationId: null,
    adminKey: null,
    ports: {},
    passwords: {},
  };
}

/** Whole or not at all, and never readable by others, not even for a moment. */
export async function writePrivate(file: string, value: unknown): Promise<void> {
  await writeFile(`${file}.tmp`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.tmp`, file);
}
