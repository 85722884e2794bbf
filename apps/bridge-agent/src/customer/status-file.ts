import { callSid } from '@trunkmesh/contracts/call-control.js';
import { FINAL_STATUSES, FIRST_STATUSES, type CallStatusBody } from '@trunkmesh/contracts/call-status.js';
import type { StatusDraft } from './call-status.js';

/**
 * A call's file: each status as the line that is sent, `{"delivered":n}` after an accepted one, and `{"elsewhere":n}`
 * where another bridge wrote the statuses up to the n-th. A killed process or a full disk can only truncate the last
 * line, which then counts as never written.
 */
export interface CallFile {
  /** How many statuses it has, which is the last one's sequence number. */
  told: number;
  delivered: number;
  /** After how many statuses another bridge wrote more, and up to which one. */
  gaps: ReadonlyMap<number, number>;
  /** The last one is final; none follows. */
  ended: boolean;
  /** The size of its complete lines. */
  bytes: number;
  organizationId: string;
  numberId: string | null;
  /** The time of the first undelivered status, or else of the last one; milliseconds. */
  since: number;
}

/** Instead of a status: another bridge wrote this call's statuses up to `elsewhere`. */
export type Elsewhere = Pick<StatusDraft, 'call_id' | 'organization_id' | 'number_id' | 'timestamp'> & {
  elsewhere: number;
};

/**
 * Where none is left between those that were delivered and those of another bridge, that goes on after these; several
 * bridges may have written one after the other.
 */
export function deliveredUpTo(delivered: number, gaps: ReadonlyMap<number, number>): number {
  let last = delivered;
  for (let next = gaps.get(last); next !== undefined; next = gaps.get(last)) last = next;
  return last;
}

export const emptyFile = ({
  organization_id: organizationId,
  number_id: numberId,
  timestamp,
}: StatusDraft | Elsewhere): CallFile => ({
  told: 0,
  delivered: 0,
  gaps: new Map(),
  ended: false,
  bytes: 0,
  organizationId,
  numberId,
  since: Date.parse(timestamp),
});

const NAME = /^([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.jsonl$/;
/** Undefined if the id is not one of FreeSWITCH's, because it becomes part of a path. */
export const statusFileName = (callId: string): string | undefined =>
  NAME.test(`${callId}.jsonl`) ? `${callId}.jsonl` : undefined;
export const callOfFile = (name: string): string | undefined => NAME.exec(name)?.[1];

/**
 * Whether a call without a file starts with this status: its first one, or the only one of a call that was refused at
 * once.
 */
export const begins = (draft: StatusDraft | Elsewhere): boolean =>
  'elsewhere' in draft || FIRST_STATUSES.has(draft.status) || FINAL_STATUSES.has(draft.status);

/**
 * The line to write; undefined after the call's final status. Use the returned `file` only once the line is written.
 */
export function nextLine(
  file: Pick<CallFile, 'told' | 'ended'>,
  draft: StatusDraft | Elsewhere,
): { line: string; told: number; ended: boolean } | undefined {
  if (file.ended) return undefined;
  if ('elsewhere' in draft) return elsewhereLine(file, draft);
  const { status, timestamp, ...more } = draft;
  const body: CallStatusBody = {
    type: `call.${status}`,
    timestamp,
    call_sid: callSid(draft.call_id),
    status,
    sequence: file.told + 1,
    ...more,
  };
  return { line: `${JSON.stringify(body)}\n`, told: body.sequence, ended: FINAL_STATUSES.has(status) };
}

/** Lines, and the file once they are written. */
export interface NextLines extends Pick<CallFile, 'told' | 'ended'> {
  text: string;
  /** New ones. */
  gaps: [from: number, to: number][];
}

export function nextLines(
  file: Pick<CallFile, 'told' | 'ended'>,
  drafts: readonly (StatusDraft | Elsewhere)[],
): NextLines {
  const lines: NextLines = { ...file, text: '', gaps: [] };
  for (const draft of drafts) {
    const next = nextLine(lines, draft);
    if (next === undefined) continue;
    if ('elsewhere' in draft) lines.gaps.push([lines.told, next.told]);
    lines.text += next.line;
    lines.told = next.told;
    lines.ended = next.ended;
  }
  return lines;
}

function elsewhereLine({ told }: Pick<CallFile, 'told'>, { call_id: _call, ...line }: Elsewhere) {
  if (line.elsewhere <= told) return undefined;
  return { line: `${JSON.stringify(line)}\n`, told: line.elsewhere, ended: false };
}

export const deliveredLine = (sequence: number): string => `{"delivered":${sequence}}\n`;

/** Undefined if it has no complete line. */
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
    since: first === undefined ? file.since : Date.parse(first.timestamp),
  };
}

/** Undefined if that line cannot follow the lines before it. */
function follow(file: CallFile | undefined, line: Line): CallFile | undefined {
  if ('delivered' in line)
    return file !== undefined && line.delivered <= file.told
      ? { ...file, delivered: deliveredUpTo(Math.max(file.delivered, line.delivered), file.gaps) }
      : undefined;
  const before: CallFile = file ?? {
    told: 0,
    delivered: 0,
    gaps: new Map(),
    ended: false,
    bytes: 0,
    organizationId: line.organization_id ?? '',
    numberId: line.number_id,
    since: 0,
  };
  if ('elsewhere' in line) return passed(before, line);
  if (before.ended || line.sequence !== before.told + 1) return undefined;
  return { ...before, told: line.sequence, ended: FINAL_STATUSES.has(line.status) };
}

function passed(file: CallFile, { elsewhere, timestamp }: Omit<Elsewhere, 'call_id'>): CallFile | undefined {
  if (file.ended || elsewhere <= file.told) return undefined;
  const gaps = new Map(file.gaps).set(file.told, elsewhere);
  const delivered = deliveredUpTo(file.delivered, gaps);
  return { ...file, gaps, told: elsewhere, delivered, since: Date.parse(timestamp) };
}

/**
 * The id contains the sequence and the status. After a power failure, which may lose a call's first lines, its end gets
 * a sequence number that another status had; the receiver must not take it for that one.
 */
export interface StoredStatus {
  text: string;
  id: string;
  timestamp: string;
}

/** The status with this sequence number, as it is sent. */
export function statusIn(text: string, sequence: number): StoredStatus | undefined {
  for (const { line, from, end } of linesOf(text)) {
    if ('sequence' in line && line.sequence === sequence)
      return {
        text: text.slice(from, end - 1),
        id: `${line.call_sid}.${sequence}.${line.status}`,
        timestamp: line.timestamp,
      };
  }
  return undefined;
}

type Line = CallStatusBody | { delivered: number } | Omit<Elsewhere, 'call_id'>;

/** Complete lines up to the first that is not valid. */
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
    const line = JSON.parse(text) as Record<'delivered' | 'sequence' | 'elsewhere', unknown> | null;
    const number = line?.delivered ?? line?.sequence ?? line?.elsewhere;
    return typeof number === 'number' ? (line as Line) : undefined;
  } catch {
    return undefined;
  }
}
