import { CommandFailure } from '../failure.js';
import { safeText } from '../output/safe-text.js';

interface Problem {
  title?: string;
  detail?: string;
  code?: string;
  errors?: { pointer: string; detail: string }[];
}

/** A refusal of the API (RFC 9457) as the end of the command: what is wrong, and with which field. */
export function failureOf(status: number, body: unknown): CommandFailure {
  const problem: Problem = typeof body === 'object' && body !== null ? body : {};
  const what = problem.detail ?? problem.title ?? `the API answered ${status}`;
  const code = problem.code === undefined ? `${status}` : `${status} ${problem.code}`;
  const fields = (problem.errors ?? []).map(({ pointer, detail }) => `  ${pointer.slice(1)}: ${detail}`);
  return new CommandFailure([`${what} (${code})`, ...fields].map(safeText).join('\n'));
}
