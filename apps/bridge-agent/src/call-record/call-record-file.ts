import type { CallEnded, CallEvent, CallRejected } from '@trunkmesh/contracts/call.js';

/** A finished call's last event without its record number, which the spool assigns. */
type Unnumbered<Event extends { data: object }> = Omit<Event, 'data'> & {
  data: Omit<Event['data'], 'bridge_epoch' | 'record_number'>;
};
export type CallRecordDraft = {
  final: Unnumbered<CallEnded> | Unnumbered<CallRejected>;
  /** The call's earlier events that the log may not have, in order. */
  earlier: readonly CallEvent[];
};

/** The contents of a call record's file: the events to publish, in order, the numbered one last. */
export interface CallRecordContent {
  events: CallEvent[];
}

export function numbered(draft: CallRecordDraft, epoch: string, number: number): CallRecordContent {
  const { final } = draft;
  return {
    events: [
      ...draft.earlier,
      { ...final, data: { ...final.data, bridge_epoch: epoch, record_number: number } } as CallEnded | CallRejected,
    ],
  };
}

export interface CallRecordName {
  number: number;
  callId: string;
}

const NAME = /^(\d{16})\.([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.json$/;

/**
 * The file name contains the call's id, so that after a crash the folder shows which open calls already have their call
 * record.
 */
export const recordFileName = ({ number, callId }: CallRecordName) =>
  `${String(number).padStart(16, '0')}.${callId}.json`;

export function parseRecordFileName(name: string): CallRecordName | undefined {
  const match = NAME.exec(name);
  return match === null ? undefined : { number: Number(match[1]), callId: match[2]! };
}

/**
 * The epoch's records from the names in its folder. The file with the highest number is never deleted, confirmed or
 * not, so the next number follows from the files alone: a number is assigned when its file gets its name.
 */
export function recordsIn(names: readonly string[]): CallRecordName[] {
  return names
    .map(parseRecordFileName)
    .filter((record) => record !== undefined)
    .sort((a, b) => a.number - b.number);
}

/**
 * The call records that may be deleted once all up to `through` are confirmed. Lowest first, so that the rest has no
 * gap.
 */
export function deletable(records: readonly CallRecordName[], through: number): CallRecordName[] {
  const highest = records.at(-1)?.number ?? 0;
  return records.filter(({ number }) => number <= through && number !== highest);
}
