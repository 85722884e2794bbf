import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFile, syncFolder } from '@trunkmesh/runtime/disk-sync.fs.js';

export type SharedFile = 'acl.xml' | 'dialplan.xml';

/** The agent's part of FreeSWITCH's configuration: `gateways/<trunk id>.xml`, `acl.xml`, `dialplan.xml`. */
export interface GatewayFiles {
  /** The files in the gateways folder by name without `.xml`, ours and others, as last read or written. */
  known(): ReadonlyMap<string, string>;
  /** Reads the folder again; only changed files are read. */
  refresh(): Promise<void>;
  /** When it resolves, FreeSWITCH can read the files. */
  write(files: readonly { file: string; xml: string }[]): Promise<void>;
  remove(files: readonly string[]): Promise<void>;
  /** When it resolves, all changes survive a power failure. */
  settle(): Promise<void>;
  /** Renames a file so that FreeSWITCH does not read it; `restore` renames it back. */
  quarantine(file: string): Promise<void>;
  restore(file: string): Promise<void>;
  writeShared(name: SharedFile, text: string): Promise<void>;
}

interface Known {
  text: string;
  stamp: string;
}

const CONCURRENT_FILES = 8;
const MODE = 0o640;
const SUFFIX = '.xml';

export async function openGatewayFiles(confDir: string): Promise<GatewayFiles> {
  const folder = join(confDir, 'gateways');
  await mkdir(folder, { recursive: true, mode: 0o750 });
  // Removes files that a crash left half written.
  for (const name of await readdir(folder)) if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
  const stamps = new Map<string, string>();
  const texts = new Map<string, string>();
  const shared = new Map<SharedFile, string>();
  let unsettled = false;
  const path = (file: string) => join(folder, `${file}${SUFFIX}`);

  const keep = (file: string, found: Known | undefined): void => {
    if (found === undefined) {
      stamps.delete(file);
      texts.delete(file);
      return;
    }
    stamps.set(file, found.stamp);
    texts.set(file, found.text);
  };
  const look = async (file: string): Promise<void> => {
    const stamp = await stampOf(path(file));
    if (stamp !== undefined && stamps.get(file) === stamp) return;
    const text = stamp === undefined ? undefined : await readFile(path(file), 'utf8').catch(() => undefined);
    keep(file, stamp === undefined || text === undefined ? undefined : { text, stamp });
  };

  const files: GatewayFiles = {
    known: () => texts,
    async refresh() {
      const present = (await readdir(folder))
        .filter((name) => name.endsWith(SUFFIX))
        .map((name) => name.slice(0, -SUFFIX.length));
      await inBatches([...new Set([...present, ...texts.keys()])], look);
      for (const name of ['acl.xml', 'dialplan.xml'] as const)
        shared.set(name, await readFile(join(confDir, name), 'utf8').catch(() => ''));
    },
    async write(changes) {
      await inBatches(changes, async ({ file, xml }) => {
        await writeWhole(path(file), xml);
        keep(file, { text: xml, stamp: (await stampOf(path(file))) ?? '' });
      });
      unsettled ||= changes.length > 0;
    },
    async remove(names) {
      await inBatches(names, async (file) => {
        await rm(path(file), { force: true });
        keep(file, undefined);
      });
      unsettled ||= names.length > 0;
    },
    async settle() {
      if (!unsettled) return;
      unsettled = false;
      await syncFolder(folder);
    },
    async quarantine(file) {
      await rename(path(file), `${path(file)}.broken`);
      keep(file, undefined);
    },
    async restore(file) {
      await rename(`${path(file)}.broken`, path(file));
      await look(file);
    },
    async writeShared(name, text) {
      if (shared.get(name) === text) return;
      await writeWhole(join(confDir, name), text);
      await syncFolder(confDir);
      shared.set(name, text);
    },
  };
  await files.refresh();
  return files;
}

async function stampOf(path: string): Promise<string | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs}.${size}.${ino}`;
  } catch {
    return undefined;
  }
}

/** Writes atomically: FreeSWITCH may read, and the power may fail, at any moment. */
async function writeWhole(path: string, text: string): Promise<void> {
  await rm(`${path}.tmp`, { force: true });
  await writeFile(`${path}.tmp`, text, { mode: MODE });
  await syncFile(`${path}.tmp`);
  await rename(`${path}.tmp`, path);
}

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += CONCURRENT_FILES)
    await Promise.all(items.slice(start, start + CONCURRENT_FILES).map(work));
}
