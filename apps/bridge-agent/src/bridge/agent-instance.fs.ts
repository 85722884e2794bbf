import { readFile } from 'node:fs/promises';
import { uuidv7 } from 'uuidv7';

/** This process, as its heartbeat and its claim on the bridge name it. */
export interface AgentInstance {
  id: string;
  startedAt: string;
  version: string;
}

export async function agentInstance(): Promise<AgentInstance> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return { id: uuidv7(), startedAt: new Date().toISOString(), version };
}
