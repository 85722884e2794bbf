import type { ImportLine, ImportOutcome, LineProblem } from './import-plan.js';
import type { ImportPreviewLine } from './import-report.js';

/** Lines of an answer. */
const MAX_LINES = 500;

/** What was read of the lines. */
export interface Previewed {
  lines: readonly ImportLine[];
  problems: readonly LineProblem[];
  /** What lines that cannot be read give as their number. */
  wrong: ReadonlyMap<number, string>;
}

/** The first lines in the order of the file, also those that are refused. A line without an outcome is refused. */
export function previewLines(
  { lines, problems, wrong }: Previewed,
  outcomes: ReadonlyMap<number, ImportOutcome>,
): ImportPreviewLine[] {
  const read = lines.slice(0, MAX_LINES).map(shownLine);
  const known = new Set(read.map(({ line }) => line));
  const unread = [...new Set(problems.map(({ line }) => line))]
    .filter((line) => !known.has(line))
    .map((line) => ({ ...NOTHING, line, phone_number: wrong.get(line) ?? null }));
  return [...read, ...unread]
    .sort((a, b) => a.line - b.line)
    .slice(0, MAX_LINES)
    .map((each) => ({ ...each, outcome: outcomes.get(each.line) ?? 'refused' }));
}

const NOTHING = { friendly_name: null, sip_trunk: null, assistant_id: null, flow_id: null };

const shownLine = ({ line, entry }: ImportLine): Omit<ImportPreviewLine, 'outcome'> => ({
  line,
  phone_number: entry.phone_number,
  friendly_name: entry.friendly_name ?? null,
  sip_trunk: entry.sip_trunk ?? entry.sip_trunk_id ?? null,
  assistant_id: targetId('assistant', entry),
  flow_id: targetId('flow', entry),
});

const targetId = (kind: 'assistant' | 'flow', { set_target }: ImportLine['entry']) =>
  set_target?.kind === kind ? set_target.id : null;
