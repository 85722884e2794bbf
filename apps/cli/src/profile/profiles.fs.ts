import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CommandFailure } from '../failure.js';
import { parseProfiles, type Profiles } from './profile.js';

const OWNER_ALONE = 0o600;
const OTHERS = 0o077;

/** `$XDG_CONFIG_HOME/trunkmesh/profiles.json`, by default in `~/.config`. */
export const profilesPath = (env: NodeJS.ProcessEnv): string =>
  join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'trunkmesh', 'profiles.json');

/**
 * The profiles; none where the file does not exist.
 *
 * @throws CommandFailure where others may read the file: it holds API keys
 */
export async function readProfiles(path: string): Promise<Profiles> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new CommandFailure(`${path} cannot be read: ${error.message}`);
  });
  if (found === undefined) return {};
  if (process.platform !== 'win32' && (found.mode & OTHERS) !== 0)
    throw new CommandFailure(`${path} holds API keys and others may read it; run: chmod 600 '${path}'`);
  return parseProfiles(await readFile(path, 'utf8'), path);
}

/** Whole or not at all, and readable by its owner alone from its first byte. */
export async function writeProfiles(path: string, profiles: Profiles): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}`;
  const file = await open(temporary, 'w', OWNER_ALONE);
  try {
    await file.chmod(OWNER_ALONE);
    await file.writeFile(`${JSON.stringify(profiles, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
