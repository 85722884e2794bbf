import type { Findings } from './findings.js';
import { hoursText } from './time-shift.js';

const calls = (count: number) => (count === 1 ? '1 call' : `${count} calls`);

/** Remarks about the whole file, as sentences. */
export function notesOf(findings: Findings, { rows, shift }: { rows: number; shift: number }): string[] {
  const notes: string[] = [];
  if (shift !== 0) notes.push(shiftNote(shift));
  if (rows === 0) notes.push('The file has no calls. Check that it is the right file and the right format.');
  else if (findings.pairs === 0) notes.push(NOTHING);
  const usual = findings.usualIncrements();
  if (usual !== undefined)
    notes.push(
      `The carrier rounds lengths up: increments of ${usual.increments} explain ${usual.calls} of ` +
        `${calls(usual.of)} with the cause other-increment. Compare them with your contract.`,
    );
  if (findings.withheld > 0)
    notes.push(
      `Calls matched by called number and time, because only one side has the caller's number: ` +
        `${findings.withheld}. The caller withheld it, so nothing else shows that they are the same calls.`,
    );
  if (findings.unlisted > 0)
    notes.push(
      `Unanswered calls of the ledger that are not in the file: ${findings.unlisted}. Most carriers list answered ` +
        'calls only, so these do not count as differences.',
    );
  if (findings.unbilled > 0)
    notes.push(
      `Lines without duration and cost that match no call in the ledger: ${findings.unbilled}. They cost nothing, ` +
        'so they do not count as differences.',
    );
  return notes;
}

const shiftNote = (shift: number) =>
  `All times in the file are ${hoursText(shift)} ${shift > 0 ? 'later' : 'earlier'} than in the ledger: the file is ` +
  'probably in a different time zone than the format says. The calls were compared with this difference removed. ' +
  'Correct `time_zone` in the format.';
const NOTHING =
  'No call of the file matches one of the ledger. Check the columns, the time zone and how numbers are written in ' +
  'the format, and whether these are the right trunks and the right month.';
