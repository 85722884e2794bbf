import { textOf, valueOf, type Kind } from './values.js';

/** One field of a form. */
export interface FieldSpec {
  /** As the API names it; a dot leads into an object: `identity.privacy`. */
  name: string;
  label: string;
  kind: Kind;
  hint?: string;
  placeholder?: string;
  /** Of a secret: what it means that the stored one is removed. */
  removal?: string;
  /** Of a choice: what is sent, and what is shown. */
  options?: readonly (readonly [string, string])[];
}
export interface FieldGroup {
  title: string;
  fields: readonly FieldSpec[];
}

/** What the form shows, by field. */
export type Texts = Readonly<Record<string, string>>;
export type Values = Readonly<Record<string, unknown>>;

const isValues = (value: unknown): value is Values => typeof value === 'object' && value !== null;
const within = (of: Values, name: string): unknown =>
  name.split('.').reduce<unknown>((inner, part) => (isValues(inner) ? inner[part] : undefined), of);

export const textsOf = (fields: readonly FieldSpec[], of: Values): Texts =>
  Object.fromEntries(fields.map(({ name, kind }) => [name, textOf(kind, within(of, name))]));

export const changedFields = (fields: readonly FieldSpec[], before: Texts, after: Texts): FieldSpec[] =>
  fields.filter(({ name }) => before[name]?.trim() !== after[name]?.trim());

/** Only what differs, so that somebody else's change of another field stays. */
export function patchOf(fields: readonly FieldSpec[], before: Texts, after: Texts): Values {
  const patch: Record<string, unknown> = {};
  for (const { name, kind } of changedFields(fields, before, after)) {
    const [first = '', ...rest] = name.split('.');
    const value = valueWithRemovals(kind, before[name] ?? '', after[name] ?? '');
    if (rest.length === 0) patch[first] = value;
    else patch[first] = { ...(patch[first] as object | undefined), [rest.join('.')]: value };
  }
  return patch;
}

/** The API changes headers one by one: one that is gone is null. */
function valueWithRemovals(kind: Kind, before: string, after: string): unknown {
  const value = valueOf(kind, after);
  if (kind !== 'headers') return value;
  const gone = Object.keys((valueOf(kind, before) ?? {}) as object).map((name) => [name, null] as const);
  return { ...Object.fromEntries(gone), ...(value as object | null) };
}

/** Of which secrets the API says `has_…`. */
export const storedSecrets = (fields: readonly FieldSpec[], of: Values): ReadonlySet<string> =>
  new Set(fields.filter(({ kind, name }) => kind === 'secret' && of[`has_${name}`] === true).map(({ name }) => name));

interface FieldProblem {
  pointer: string;
  detail: string;
}

/** What the service says of a field, also of a part of it. */
export function problemOfField(errors: readonly FieldProblem[], name: string): string | undefined {
  const pointer = `/${name.replaceAll('.', '/')}`;
  return errors.find((each) => each.pointer === pointer || each.pointer.startsWith(`${pointer}/`))?.detail;
}
