import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';

/**
 * Where a version's binaries are: PATH first (initdb beside postgres), then Debian's folders, highest version first;
 * undefined where there is none.
 */
export function findPostgres(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const packaged = '/usr/lib/postgresql';
  const versions = existsSync(packaged)
    ? readdirSync(packaged)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(packaged, version, 'bin'))
    : [];
  const folders = [...(env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), ...versions];
  return folders.find((folder) => existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb')));
}

/** How PostgreSQL's programs are run: `prefix` begins every command line. */
export interface Account {
  prefix: readonly string[];
  /** Makes the folder and gives it to the account. */
  own: (folder: string) => void;
}

/**
 * PostgreSQL refuses to run as root. As root its programs run as the user `postgres` (or `nobody`), and where that user
 * cannot enter the data's parent folders (a clone under /root, mode 0700) with the one capability that lets it pass
 * through them and nothing else.
 */
export function accountFor(folder: string): Account {
  if (process.getuid?.() !== 0)
    return {
      prefix: [],
      own: (path) => {
        mkdirSync(path, { recursive: true, mode: 0o700 });
      },
    };
  const user = lookUpUser('postgres') ?? lookUpUser('nobody');
  if (user === undefined)
    throw new Error(
      'PostgreSQL refuses to run as root, and there is neither a user "postgres" nor "nobody" to run it as',
    );
  const prefix = ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  if (!canEnter(dirname(resolve(folder)), user)) {
    const capability = grantable();
    prefix.push(`--inh-caps=+${capability}`, `--ambient-caps=+${capability}`);
  }
  return {
    prefix: [...prefix, '--'],
    own: (path) => {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      chownSync(path, user.uid, user.gid);
    },
  };
}

interface User {
  uid: number;
  gid: number;
}

function lookUpUser(name: string): User | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

function canEnter(folder: string, user: User): boolean {
  for (let path = folder; ; path = dirname(path)) {
    if (existsSync(path) && !searchable(path, user)) return false;
    if (path === dirname(path)) return true;
  }
}

function searchable(path: string, user: User): boolean {
  const { mode, uid, gid } = statSync(path);
  if (uid === user.uid) return (mode & 0o100) !== 0;
  if (gid === user.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}

/**
 * A container's root often lacks DAC_READ_SEARCH and has DAC_OVERRIDE, which is more than is needed but all there is.
 */
function grantable(): string {
  for (const capability of ['dac_read_search', 'dac_override']) {
    try {
      execFileSync('setpriv', [`--inh-caps=+${capability}`, `--ambient-caps=+${capability}`, '--', 'true'], {
        stdio: 'ignore',
      });
      return capability;
    } catch {
      /* not in this container's bounding set */
    }
  }
  throw new Error(
    'the PostgreSQL user cannot enter this folder and no capability can be given to it: move the clone to where ' +
      'every user may enter',
  );
}
