import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { AudioLog } from '@trunkmesh/contracts/audio.js';
import { eventually } from '@trunkmesh/testkit/eventually.process.js';
import type { TestMesh } from './mesh.fixture.js';

/** Open descriptors of a process on Linux, and how many of them are UDP sockets. */
export async function descriptorsOf(pid: number): Promise<{ total: number; udp: number }> {
  const names = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  const udp = new Set(
    (await readFile(`/proc/${pid}/net/udp`, 'utf8'))
      .split('\n')
      .slice(1)
      .map((line) => `socket:[${line.trim().split(/\s+/)[9]}]`),
  );
  const open = targets.filter((target) => target !== '');
  return { total: open.length, udp: open.filter((target) => udp.has(target)).length };
}

export async function residentBytes(pid: number): Promise<number> {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

/**
 * Files of calls in the agent's state folder: open calls and records that nobody has confirmed, statuses and recordings
 * that are not where they belong yet. `alive` says until when the agent lived, and the record with the highest number
 * stays, so that the next number follows from it.
 */
export async function leftInState(stateDir: string): Promise<string[]> {
  const files = await readdir(stateDir, { recursive: true, withFileTypes: true });
  const ofCalls = files.filter(
    (file) => file.isFile() && file.parentPath !== stateDir && !file.name.startsWith('alive'),
  );
  const newest = ofCalls
    .map(({ name }) => name)
    .filter((name) => /^\d{16}\./.test(name))
    .sort()
    .at(-1);
  return ofCalls.filter(({ name }) => name !== newest).map((file) => join(file.parentPath, file.name));
}

/** The call's audio log, as the agent's log has it when the audio ended. */
export async function audioLogOf(test: TestMesh, callSid: string): Promise<AudioLog> {
  return eventually(
    async () => {
      const log = (await test.logs())['bridge-1.agent.log'] ?? '';
      const line = log.split('\n').find((one) => one.includes('"audio ended"') && one.includes(callSid));
      return line === undefined ? undefined : (JSON.parse(line) as { audio: AudioLog }).audio;
    },
    { message: `the audio log of ${callSid}` },
  );
}
