import {
  ROWS_AT_ONCE,
  type CarrierBillRequest,
  type CarrierCall,
  type Reconciliation,
} from '@trunkmesh/contracts/carrier-bill.js';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { askCarrierBill } from './carrier-bill.nats.js';
import { readCarrierFile, type CarrierFile } from './carrier-file.process.js';
import type { RowProblem } from './read-row.js';

export const MOST_CALLS = 5_000_000;
/** A file with so many is not what its sender meant; the rest would be read for nothing. */
const MOST_PROBLEMS = 100;
/** NATS or the observer may be gone for a moment; the same rows may be sent again. */
const ATTEMPTS = 3;

export interface Upload {
  begin: Omit<Extract<CarrierBillRequest, { ask: 'begin' }>, 'ask'>;
  file: CarrierFile;
  /** Lines that cannot be read are left out, and counted. */
  skipProblems: boolean;
  signal: AbortSignal;
  progress: (calls: number) => void;
}

/**
 * Sends the calls of a file to billing-observer, a part at a time. Where the file cannot be used nothing of it is left.
 *
 * @throws DomainError
 */
export async function upload(nats: NatsLink, task: Upload): Promise<Reconciliation> {
  const { organization_id, id } = task.begin;
  await askCarrierBill(nats, { ask: 'begin', ...task.begin }, 'reconciliation');
  try {
    const skipped_rows = await sendCalls(nats, task);
    const request = { ask: 'match' as const, organization_id, id, skipped_rows };
    return (await askCarrierBill(nats, request, 'reconciliation')).reconciliation;
  } catch (error) {
    // If this fails too, the observer itself removes it when no more rows come.
    const kept = error instanceof DomainError && error.code === 'conflict';
    if (!kept) await askCarrierBill(nats, { ask: 'delete', organization_id, id }, 'done').catch(() => undefined);
    throw error;
  }
}

/** @returns how many lines were left out */
async function sendCalls(nats: NatsLink, { begin, file, skipProblems, signal, progress }: Upload): Promise<number> {
  const problems: RowProblem[] = [];
  let [calls, skipped] = [0, 0];
  let rows: CarrierCall[] = [];
  const send = async () => {
    await sendRows(nats, { ask: 'rows', organization_id: begin.organization_id, id: begin.id, rows });
    rows = [];
    progress(calls);
  };
  for await (const line of readCarrierFile(file)) {
    signal.throwIfAborted();
    if ('problems' in line) {
      skipped += 1;
      if (skipProblems) continue;
      problems.push(...line.problems);
      if (problems.length >= MOST_PROBLEMS) throw withProblems(problems, 'at least ');
      continue;
    }
    calls += 1;
    if (calls > MOST_CALLS)
      throw new DomainError('payload-too-large', `A file may have ${MOST_CALLS} calls; send it in parts.`);
    // Where something is wrong the file is refused as a whole.
    if (problems.length > 0) continue;
    rows.push(line.call);
    if (rows.length === ROWS_AT_ONCE) await send();
  }
  if (problems.length > 0) throw withProblems(problems);
  if (rows.length > 0) await send();
  return skipped;
}

async function sendRows(nats: NatsLink, request: CarrierBillRequest): Promise<void> {
  for (let attempt = 1; ; attempt += 1)
    try {
      await askCarrierBill(nats, request, 'done');
      return;
    } catch (error) {
      const unavailable = error instanceof DomainError && error.code === 'usage-unavailable';
      if (!unavailable || attempt === ATTEMPTS) throw error;
    }
}

function withProblems(problems: readonly RowProblem[], bound = ''): DomainError {
  const lines = new Set(problems.map(({ line }) => line)).size;
  return new DomainError(
    'import-has-errors',
    `Nothing was compared: ${bound}${lines === 1 ? 'one line' : `${lines} lines`} cannot be read. Correct the format ` +
      'or the file, or leave such lines out with on_problem=skip.',
    [],
    {
      error_count: problems.length,
      lines_with_errors: lines,
      errors: problems.map(({ line, column, message }) => ({ line, column: column ?? null, detail: message })),
    },
  );
}
