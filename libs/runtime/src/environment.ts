import type { z } from 'zod';

/** Names every variable that is missing or wrong, never its value: it may be a secret. */
export class EnvironmentError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The environment is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'EnvironmentError';
  }
}

/** A variable that is set to nothing counts as not set, as an orchestrator's empty default means. */
export function parseEnvironment<Schema extends z.ZodType>(
  schema: Schema,
  env: Readonly<Record<string, string | undefined>>,
): z.output<Schema> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new EnvironmentError(
    parsed.error.issues.map((issue) => {
      const name = issue.path.join('.') || 'environment';
      return given[String(issue.path[0])] === undefined
        ? `${name}: is not set; ${expectation(issue)}`
        : `${name}: ${issue.message}`;
    }),
  );
}

function expectation(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_type' ? `a ${issue.expected} is needed` : issue.message;
}
