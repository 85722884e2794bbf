import type { Findings } from './findings.js';
import { hoursText } from './time-shift.js';

const calls = (count: number) => (count === 1 ? '1 call' : `${count} calls`);

/** What holds for the whole file, as sentences. */
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
      `Calls whose caller's number one side alone has, matched by called number and time: ${findings.withheld}. The ` +
        'caller withheld it, so nothing else says that they are the same calls.',
    );
  if (findings.unlisted > 0)
    notes.push(
      `Unanswered calls of the ledger that are not in the file: ${findings.unlisted}. Most carriers list answered ` +
        'calls only, so they are no difference.',
    );
  if (findings.unbilled > 0)
    notes.push(
      `Lines without seconds and cost whose calls are not in the ledger: ${findings.unbilled}. They cost nothing, so ` +
        'they are no difference.',
    );
  return notes;
}

const shiftNote = (shift: number) =>
  `All times in the file are ${hoursText(shift)} ${shift > 0 ? 'later' : 'earlier'} than in the ledger: its time ` +
  'zone is probably another one than the format says. The calls were compared without this difference. Correct ' +
  '`time_zone` in the format.';
const NOTHING =
  'No call of the file matches one of the ledger. Check the columns, the time zone and how numbers are written in ' +
  'the format, and whether these are the right trunks and the right month.';
