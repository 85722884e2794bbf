import { describe, expect, it } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.process.js';
import { startSupervised, WATCHDOG } from './supervised.process.js';

const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Of every process. Where there is /proc, `ps` need not be installed. */
function commandLines(): string {
  if (!existsSync('/proc/self/cmdline')) return execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandLine)
    .join('\n');
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

describe('a supervised process', () => {
  it('gets the signal itself and its exit code is passed on', async () => {
    const child = await startSupervised('sleep', ['60']);
    expect(alive(child.pid)).toBe(true);
    expect(await child.stop('SIGTERM')).toBe(143);
    expect(child.running()).toBe(false);
  });

  it('leaves no watcher behind when it has ended', async () => {
    const marker = `7${process.pid}.5`;
    const child = await startSupervised('sleep', [marker]);
    expect(commandLines()).toContain(marker);
    await child.stop();
    await eventually(() => !commandLines().includes(marker), { message: 'the shell to be gone' });
  });

  it('is killed when it does not stop in time', async () => {
    const child = await startSupervised('sh', ['-c', 'trap "" TERM; while :; do sleep 0.05; done']);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await child.stop('SIGTERM', 200)).toBe(137);
  });

  it('appends its output to the log file', async () => {
    const logFile = join(mkdtempSync(join(tmpdir(), 'trunkmesh-log-')), 'it.log');
    const child = await startSupervised('sh', ['-c', 'echo out; echo err >&2; exit 7'], { logFile });
    expect(await child.exited).toBe(7);
    expect(child.tail().split('\n').sort()).toEqual(['err', 'out']);
  });

  it('does not outlive its parent, even one that was killed', async () => {
    const script = `
      const { spawn } = require('node:child_process');
      const watchdog = ['-c', ${JSON.stringify(WATCHDOG)}, 'watchdog', 'TERM', 'sleep', '60'];
        const child = spawn('/bin/sh', watchdog, { stdio: ['pipe', 'ignore', 'ignore', 'pipe'], detached: true });
      child.stdio[3].pipe(process.stdout);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) =>
      parent.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString()))),
    );
    expect(alive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await eventually(() => !alive(pid), { message: 'the grandchild ends' });
  });
});
