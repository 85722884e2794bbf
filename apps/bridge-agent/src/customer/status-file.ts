import { callSid } from '@trunkmesh/contracts/call-control.js';
import { FINAL_STATUSES, type CallStatusBody } from '@trunkmesh/contracts/call-status.js';
import type { StatusDraft } from './call-status.js';

/**
 * A call's file: each status as the line that is sent, and `{"delivered":n}` after the one that was accepted. What was
 * cut short by the end of a process or a full disk is its last line, and counts as never written.
 */
export interface CallFile {
  /** Statuses in it, which is the sequence of the last one. */
  told: number;
  delivered: number;
  /** The last one is final: nothing follows. */
  ended: boolean;
  /** Of its whole lines. */
  bytes: number;
  organizationId: string;
  numberId: string | null;
  /** Of the first status that is not delivered, or else of the last one; milliseconds. */
  since: number;
}

export const emptyFile = ({
  organization_id: organizationId,
  number_id: numberId,
  timestamp,
}: StatusDraft): CallFile => ({
  told: 0,
  delivered: 0,
  ended: false,
  bytes: 0,
  organizationId,
  numberId,
  since: Date.parse(timestamp),
});

const NAME = /^([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.jsonl$/;
/** Undefined where the id is none of FreeSWITCH's: it would be a path. */
export const statusFileName = (callId: string): string | undefined =>
  NAME.test(`${callId}.jsonl`) ? `${callId}.jsonl` : undefined;
export const callOfFile = (name: string): string | undefined => NAME.exec(name)?.[1];

/**
 *  Whether a call without a file is told of from this status on: its first one, or the last one of a call that was
 *  refused at once.
 */
export const begins = ({ status }: StatusDraft): boolean => status === 'initiated' || FINAL_STATUSES.has(status);

/**
 *  The line to write, or undefined after the call's final status. The file as it will be is in `file` only when the
 *  line is in the file.
 */
export function nextLine(
  file: Pick<CallFile, 'told' | 'ended'>,
  draft: StatusDraft,
): { line: string; ended: boolean } | undefined {
  if (file.ended) return undefined;
  const { status, timestamp, ...more } = draft;
  const body: CallStatusBody = {
    type: `call.${status}`,
    timestamp,
    call_sid: callSid(draft.call_id),
    status,
    sequence: file.told + 1,
    ...more,
  };
  return { line: `${JSON.stringify(body)}\n`, ended: FINAL_STATUSES.has(status) };
}

export const deliveredLine = (sequence: number): string => `{"delivered":${sequence}}\n`;

/** Undefined: nothing whole is in it. */
export function readCallFile(text: string): CallFile | undefined {
  let file: CallFile | undefined;
  let length = 0;
  for (const { line, end } of linesOf(text)) {
    const next = follow(file, line);
    if (next === undefined) break;
    file = next;
    length = end;
  }
  if (file === undefined) return undefined;
  const first = statusIn(text, Math.min(file.delivered + 1, file.told));
  return {
    ...file,
    bytes: Buffer.byteLength(text.slice(0, length)),
    since: first === undefined ? 0 : Date.parse(first.timestamp),
  };
}

/** Undefined: nobody wrote that line after what is before it. */
function follow(file: CallFile | undefined, line: Line): CallFile | undefined {
  if ('delivered' in line)
    return file !== undefined && line.delivered <= file.told
      ? { ...file, delivered: Math.max(file.delivered, line.delivered) }
      : undefined;
  const before = file ?? {
    told: 0,
    delivered: 0,
    ended: false,
    bytes: 0,
    organizationId: line.organization_id ?? '',
    numberId: line.number_id,
    since: 0,
  };
  if (before.ended || line.sequence !== before.told + 1) return undefined;
  return { ...before, told: line.sequence, ended: FINAL_STATUSES.has(line.status) };
}

/**
 *  `id`: of its sequence and its status. After a power cut, which may take a call's first lines from the disk, its end
 *  gets a sequence that another status had, and must not be taken for that one.
 */
export interface StoredStatus {
  text: string;
  id: string;
  timestamp: string;
}

/** The status with this sequence, as it is sent. */
export function statusIn(text: string, sequence: number): StoredStatus | undefined {
  for (const { line, from, end } of linesOf(text)) {
    if (!('delivered' in line) && line.sequence === sequence)
      return {
        text: text.slice(from, end - 1),
        id: `${line.call_sid}.${sequence}.${line.status}`,
        timestamp: line.timestamp,
      };
  }
  return undefined;
}

type Line = CallStatusBody | { delivered: number };

/** Whole lines up to the first that is not one of ours. */
function* linesOf(text: string): Generator<{ line: Line; from: number; end: number }> {
  for (let from = 0; ;) {
    const newline = text.indexOf('\n', from);
    if (newline < 0) return;
    const line = parse(text.slice(from, newline));
    if (line === undefined) return;
    yield { line, from, end: newline + 1 };
    from = newline + 1;
  }
}

function parse(text: string): Line | undefined {
  try {
    const line = JSON.parse(text) as { delivered?: unknown; sequence?: unknown } | null;
    return typeof line?.delivered === 'number' || typeof line?.sequence === 'number' ? (line as Line) : undefined;
  } catch {
    return undefined;
  }
}
