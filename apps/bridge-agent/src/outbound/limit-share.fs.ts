import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { limitShare, type LimitShare } from '@trunkmesh/contracts/outbound-call.js';
import { timestamp } from '@trunkmesh/contracts/scalar.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { z } from 'zod';

const noted = z.object({ share: limitShare, at: timestamp });

/**
 * A process that starts within this time goes on with the share of the one before: longer than a restart, and shorter
 * than it takes to add bridges to a pool without anybody telling this one.
 */
const KEPT_MS = 600_000;
/** A share that stays the same is noted again after this. */
const AGAIN_MS = 60_000;

/** The bridge's share of the limits, kept for the next process. Nothing waits for the disk. */
export class LimitShareFile {
  private last: { text: string; at: number } | undefined;
  private writing: Promise<void> = Promise.resolve();
  private readonly path: string;

  constructor(
    stateDir: string,
    private readonly logger: Logger,
  ) {
    this.path = join(stateDir, 'limit-share.json');
  }

  /** Undefined: there is none that is recent. */
  async read(now: Date): Promise<LimitShare | undefined> {
    const text = await readFile(this.path, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const found = noted.safeParse(jsonOf(text)).data;
    if (found === undefined) return undefined;
    const age = now.getTime() - Date.parse(found.at);
    return age >= 0 && age <= KEPT_MS ? found.share : undefined;
  }

  note(share: LimitShare, now: Date): void {
    const text = JSON.stringify(share);
    const { last } = this;
    if (last?.text === text && now.getTime() - last.at < AGAIN_MS) return;
    this.last = { text, at: now.getTime() };
    const content = JSON.stringify({ share, at: now.toISOString() });
    this.writing = this.writing
      .then(() => this.write(content))
      .catch((error: unknown) => this.logger.warn({ err: error }, "cannot note the bridge's share of the limits"));
  }

  /** What was noted is in the file. */
  settled(): Promise<void> {
    return this.writing;
  }

  private async write(content: string): Promise<void> {
    await writeFile(`${this.path}.tmp`, content, { mode: 0o640 });
    await rename(`${this.path}.tmp`, this.path);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
