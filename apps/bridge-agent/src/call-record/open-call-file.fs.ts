import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallContinued } from '@trunkmesh/contracts/call-attempts.js';
import type { CallAnswered, CallStarted } from '@trunkmesh/contracts/call.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { removeFile } from '@trunkmesh/runtime/durable-files.fs.js';
import type { StoryPart } from './story-part.js';

/** A call that has started and has no call record yet. */
export interface OpenCall {
  /** Of a call that another bridge began: as if it had begun here. */
  started: CallStarted;
  /** How this bridge took it from another one. */
  continued?: CallContinued;
  answered: CallAnswered | null;
  /** In the order of the events. */
  story: readonly StoryPart[];
}

const NAME = /^[\da-f-]{36}\.jsonl$/;

export type Line = CallStarted | CallContinued | CallAnswered | StoryPart;
export const textOf = (...lines: readonly Line[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

export async function readAll(folder: string, logger: Logger): Promise<OpenCall[]> {
  const calls: OpenCall[] = [];
  for (const name of (await readdir(folder)).filter((entry) => NAME.test(entry))) {
    const [first, ...more] = (await readFile(join(folder, name), 'utf8')).split('\n').map(parse);
    const call = openCallOf([first, ...more]);
    if (call !== undefined) calls.push(call);
    else {
      logger.warn({ file: name }, "an open call's file is incomplete: the call was never answered");
      await removeFile(join(folder, name));
    }
  }
  return calls;
}

function parse(line: string): Line | undefined {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return undefined;
  }
}

export function openCallOf([first, ...more]: readonly (Line | undefined)[]): OpenCall | undefined {
  if (first?.type !== 'CallStarted') return undefined;
  const continued = more.find((line) => line?.type === 'CallContinued');
  return {
    started: first,
    ...(continued === undefined ? {} : { continued }),
    answered: more.find((line) => line?.type === 'CallAnswered') ?? null,
    story: more.filter((line) => line?.type === 'CallStory'),
  };
}
