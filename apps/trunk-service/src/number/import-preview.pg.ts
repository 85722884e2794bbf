import { uuidv7 } from 'uuidv7';
import { transact, type Work } from '../event-store/handle.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import type { Answer } from '../http/idempotency.pg.js';
import { inSlices } from '../slices.process.js';
import { breathe, checkLines, numbersOf, steps, type ImportTask, type Writing } from './import-check.pg.js';
import { planImport, withoutRepeats, type ImportLine, type ImportOutcome, type KnownTrunks } from './import-plan.js';
import { previewLines } from './import-preview.js';
import { linesOf, shownProblems, type ImportReport } from './import-report.js';

/** What the import would do, in a transaction that cannot write. */
export async function previewImport(store: EventStore, task: ImportTask, writing: Writing): Promise<Answer> {
  const { read, organizationId } = task;
  const unique = await inSlices(withoutRepeats(read.lines), writing.signal);
  return transact(store, async (work) => {
    await work.manager.query('set transaction read only');
    const { trunks, problems } = await checkLines(work, task, unique, writing);
    const wrong = new Set(problems.map(({ line }) => line));
    const good = unique.lines.filter(({ line }) => !wrong.has(line));
    const { counts, outcomes } = await outcomesOf(work, task, { lines: good, trunks }, writing);
    if (counts.added > 0) await store.quotas?.checkRoom(work.manager, organizationId, 'numbers', counts.added);
    const body: ImportReport = {
      total: read.read,
      ...counts,
      preview: {
        error_count: problems.length,
        lines_with_errors: linesOf(problems),
        cut_short: read.cutShort,
        errors: shownProblems(problems),
        lines: previewLines(read, outcomes),
      },
    };
    return { status: 200, headers: {}, body };
  });
}

async function outcomesOf(
  work: Work,
  { organizationId, onDuplicate, seal }: ImportTask,
  { lines, trunks }: { lines: readonly ImportLine[]; trunks: KnownTrunks },
  writing: Writing,
): Promise<{ counts: Record<ImportOutcome, number>; outcomes: Map<number, ImportOutcome> }> {
  const counts = { added: 0, updated: 0, unchanged: 0, skipped: 0 };
  const outcomes = new Map<number, ImportOutcome>();
  const more = { organizationId, onDuplicate, at: work.at, newId: uuidv7, seal, ...trunks };
  for (const part of steps(lines)) {
    const number = await numbersOf(work, organizationId, part.lines);
    const plan = planImport(part.lines, { ...more, number });
    for (const [index, outcome] of plan.outcomes.entries()) {
      counts[outcome] += 1;
      outcomes.set(part.lines[index]!.line, outcome);
    }
    await breathe(writing, 'checking', part.until, lines.length);
  }
  return { counts, outcomes };
}
