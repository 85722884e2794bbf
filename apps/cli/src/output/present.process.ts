import { setTimeout as pause } from 'node:timers/promises';
import { CommandFailure } from '../failure.js';
import { safeJson } from './safe-text.js';
import type { View } from './view.js';

export interface Presentation {
  json: boolean;
  /** Seconds between two looks; undefined: one look. */
  watch?: number | undefined;
  signal: AbortSignal;
  out: NodeJS.WritableStream;
  isTerminal: boolean;
}

const CLEAR = '\u001b[2J\u001b[H';

/**
 * Prints what the command found, with `--watch` again and again until it is interrupted. A look that fails is shown and
 * tried again: a watch outlives a restart of the service. Gives the exit code.
 */
export async function present(presentation: Presentation, look: () => Promise<View>): Promise<number> {
  const { watch, signal } = presentation;
  if (watch === undefined) return print(presentation, await look());
  while (!signal.aborted) {
    const view = await look().catch((error: unknown) => {
      if (error instanceof CommandFailure && error.exitCode === 2) throw error;
      return { json: { error: (error as Error).message }, text: (error as Error).message };
    });
    if (signal.aborted) break;
    print(presentation, view);
    await pause(watch * 1_000, undefined, { signal }).catch(() => undefined);
  }
  return 0;
}

function print({ json, watch, out, isTerminal }: Presentation, view: View): number {
  if (json) out.write(`${watch === undefined ? safeJson(view.json) : oneLine(view.json)}\n`);
  else out.write(`${watch !== undefined && isTerminal ? CLEAR : ''}${view.text}\n`);
  return view.bad === true ? 1 : 0;
}

/** With `--watch --json`: one JSON text a line (NDJSON). */
const oneLine = (value: unknown) => JSON.stringify(JSON.parse(safeJson(value)));
