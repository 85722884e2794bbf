import { DomainError, type FieldProblem } from '@trunkmesh/contracts/problem.js';
import { z } from 'zod';
import { didYouMean } from './did-you-mean.js';

/**
 * Everything that is wrong with a request at once, each with a pointer to its place and a sentence that says what to
 * do.
 */
export function parseRequest<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value, { error: sentence, reportInput: true });
  if (parsed.success) return parsed.data;
  throw invalidRequest(parsed.error.issues.flatMap((issue) => problemsOf(issue, schema)));
}

/** The same as a result, for who collects problems of many lines. */
export function checkRequest<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): { value: z.output<Schema>; problems?: undefined } | { value?: undefined; problems: FieldProblem[] } {
  const parsed = schema.safeParse(value, { error: sentence, reportInput: true });
  return parsed.success
    ? { value: parsed.data }
    : { problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, schema)) };
}

const MAX_PROBLEMS = 100;

export function invalidRequest(problems: readonly FieldProblem[]): DomainError {
  const said = problems
    .slice(0, 5)
    .map(({ pointer, message }) => `${pointer === '' ? 'the request' : pointer.slice(1)} ${message}`)
    .join('; ');
  const more = problems.length > 5 ? `; and ${problems.length - 5} more` : '';
  return new DomainError(
    'invalid-request',
    `The request cannot be accepted: ${said}${more}.`,
    problems.slice(0, MAX_PROBLEMS),
  );
}

/** RFC 6901 §3. */
export const pointerTo = (path: readonly PropertyKey[]) =>
  path.map((key) => `/${String(key).slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType): FieldProblem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path);
    return issue.keys.slice(0, MAX_PROBLEMS).map((key) => {
      const meant = didYouMean(key, known);
      return {
        pointer: pointerTo([...issue.path, key]),
        message:
          meant === undefined
            ? 'is not a field of this request'
            : `is not a field of this request; did you mean "${meant}"?`,
      };
    });
  }
  if (issue.code === 'invalid_key')
    return [{ pointer: pointerTo(issue.path), message: issue.issues[0]?.message ?? issue.message }];
  return [{ pointer: pointerTo(issue.path), message: issue.message }];
}

/** The fields that the schema knows at this place, for a suggestion. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = schema;
  for (const key of path) at = inside(unwrapped(at), key);
  const found = unwrapped(at);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

function inside(schema: unknown, key: PropertyKey): unknown {
  if (schema instanceof z.ZodObject) return schema.shape[String(key)];
  if (schema instanceof z.ZodArray) return schema.element;
  return undefined;
}

function unwrapped(schema: unknown): unknown {
  let at = schema;
  while (
    at instanceof z.ZodOptional ||
    at instanceof z.ZodNullable ||
    at instanceof z.ZodDefault ||
    at instanceof z.ZodPrefault
  )
    at = at.unwrap();
  // A preprocess is a pipe whose fields stand behind it.
  return at instanceof z.ZodPipe ? unwrapped(at.in instanceof z.ZodTransform ? at.out : at.in) : at;
}

const TYPES: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/** Zod's own messages speak of types; these speak to who wrote the request. A schema's own message goes before. */
function sentence(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type')
    return issue.input === undefined ? 'is required' : `must be ${TYPES[issue.expected] ?? issue.expected}`;
  if (issue.code === 'too_small') return tooSmall(issue.origin, issue.minimum);
  if (issue.code === 'too_big') return `must ${bound(issue.origin, 'at most', issue.maximum)}`;
  if (issue.code === 'invalid_value') {
    const values = issue.values.map((value) => JSON.stringify(value)).join(', ');
    return `must be ${issue.values.length === 1 ? '' : 'one of '}${values}`;
  }
  if (issue.code === 'invalid_format' && issue.format === 'uuid') return 'must be a UUID';
  return undefined;
}

const tooSmall = (origin: string, minimum: number | bigint) =>
  origin === 'string' && minimum === 1 ? 'must not be empty' : `must ${bound(origin, 'at least', minimum)}`;

function bound(origin: string, which: 'at least' | 'at most', limit: number | bigint): string {
  if (origin === 'string') return `have ${which} ${limit} characters`;
  if (origin === 'array' || origin === 'set') return `have ${which} ${limit} entries`;
  return `be ${which} ${limit}`;
}
