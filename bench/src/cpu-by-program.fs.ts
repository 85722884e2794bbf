import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** Linux counts in these, whatever the machine: USER_HZ. */
const TICK_MS = 10;

/** Milliseconds of CPU since their start. */
export type CpuByProgram = ReadonlyMap<string, number>;

/**
 * What this process and everything it started have used, each program with its children that have ended. Empty where
 * there is no /proc.
 */
export function cpuByProgram(): CpuByProgram {
  const all = processes();
  const used = new Map<string, number>();
  for (const one of all.values()) {
    const name = programOf(one, all);
    if (name !== undefined) used.set(name, (used.get(name) ?? 0) + one.ticks * TICK_MS);
  }
  return used;
}

export function addUsed(to: Map<string, number>, before: CpuByProgram, after: CpuByProgram): void {
  for (const [name, ms] of after) to.set(name, (to.get(name) ?? 0) + ms - (before.get(name) ?? 0));
}

/** For example `freeswitch 9.1, bridge-agent 4.0; 16.3 in all`: milliseconds for each of so many. */
export function cpuOfEach(used: CpuByProgram, count: number): string {
  const ordered = [...used].sort(([, a], [, b]) => b - a).filter(([, ms]) => ms / count >= 0.05);
  const parts = ordered.map(([name, ms]) => `${name} ${(ms / count).toFixed(1)}`);
  const sum = [...used.values()].reduce((total, ms) => total + ms, 0);
  return `${parts.join(', ')}; ${(sum / count).toFixed(1)} in all`;
}

interface Process {
  pid: number;
  parent: number;
  name: string;
  ticks: number;
}

function processes(): Map<number, Process> {
  const found = new Map<number, Process>();
  for (const entry of entriesOfProc())
    if (/^\d+$/.test(entry)) {
      const one = processOf(Number(entry));
      if (one !== undefined) found.set(one.pid, one);
    }
  return found;
}

function entriesOfProc(): string[] {
  try {
    return readdirSync('/proc');
  } catch {
    return [];
  }
}

/** Undefined: it has ended, or is somebody else's. */
function processOf(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    // proc(5). The name in brackets may itself hold blanks and brackets; state, ppid and the rest come after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    const app = command.map((part) => /apps\/([\w-]+)\/dist/.exec(part)?.[1]).find((name) => name !== undefined);
    return { pid, parent: Number(fields[1]), name: app ?? basename(command[0] ?? ''), ticks };
  } catch {
    return undefined;
  }
}

/** PostgreSQL's own children rename themselves; a shell watches each program. Undefined: not started from here. */
function programOf(one: Process, all: ReadonlyMap<number, Process>): string | undefined {
  if (one.pid === process.pid) return 'the measurement';
  const above = all.get(one.parent);
  const parent = above && programOf(above, all);
  return parent === 'the measurement' || parent === 'sh' ? one.name : parent;
}
