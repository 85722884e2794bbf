import type { NumberState } from '@trunkmesh/contracts/number.js';
import { uuidv7 } from 'uuidv7';
import { createOnce, type Answer, type IdempotencyKey } from '../http/idempotency.pg.js';
import type { EventStore } from '../event-store/event-store.pg.js';
import { inSlices } from '../slices.process.js';
import { breathe, checkLines, numbersOf, steps, type ImportTask, type Writing } from './import-check.pg.js';
import { planImport, withoutRepeats } from './import-plan.js';
import { refuseWith, type ImportReport } from './import-report.js';

/** All of it in one transaction, or nothing; stopping is a rollback. */
export async function writeImport(
  store: EventStore,
  { key, ...task }: ImportTask & { key: IdempotencyKey | undefined },
  writing: Writing,
): Promise<Answer> {
  const { organizationId, onDuplicate, read, seal } = task;
  const unique = await inSlices(withoutRepeats(read.lines), writing.signal);
  const { lines } = unique;
  return createOnce(
    store,
    key,
    async (work) => {
      if (read.cutShort) refuseWith(read.problems, 'at least ');
      const { trunks, problems } = await checkLines(work, task, unique, writing);
      refuseWith(problems);
      const done = { added: 0, updated: 0, unchanged: 0, skipped: 0 };
      for (const part of steps(lines)) {
        const number = await numbersOf(work, organizationId, part.lines);
        const plan = planImport(part.lines, {
          organizationId,
          onDuplicate,
          at: work.at,
          newId: uuidv7,
          number,
          seal,
          ...trunks,
        });
        for (const { before, events } of plan.steps) work.append<NumberState>(before, events);
        await work.flush();
        for (const kind of Object.keys(done) as (keyof typeof done)[]) done[kind] += plan[kind];
        await breathe(writing, 'writing', part.until, lines.length);
      }
      return { status: 200, headers: {}, body: { total: read.read, ...done } satisfies ImportReport };
      // Taken or deleted by somebody else in this moment: done again, the rules know the line.
    },
    { retryOn: ['numbers_trunk', 'numbers_phone_number', 'numbers_pk'] },
  );
}
