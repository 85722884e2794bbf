import { z } from 'zod';

export const fieldChange = z
  .object({
    field: z.string().describe('The changed field; a dot separates the members of an object.'),
    before: z.unknown().describe('The value before; null: there was none.'),
    after: z.unknown().describe('The value after; null: there is none any more.'),
  })
  .meta({ id: 'FieldChange' });
export type FieldChange = z.infer<typeof fieldChange>;

type Json = Record<string, unknown>;

/** They say nothing about what somebody wanted, or are the event's own facts. */
const LEFT_OUT: ReadonlySet<string> = new Set(['created_at', 'updated_at', 'gateway_revision', 'address_claims']);
const SECRETS: ReadonlySet<string> = new Set(['password', 'signing_secret']);
/** As `sealed` of contracts/trunk.ts, wherever it stands: a ciphertext is nobody's to see. */
const SEALED = /^v1\.[\w-]{1,64}\.[\w-]+\.[\w-]+$/;
/** A member with these names holds an object whose own members are compared. */
const OPENED: ReadonlySet<string> = new Set(['call_settings', 'quotas', 'identity', 'target', 'headers']);

/**
 * What differs between two states of an entity (null: it did not exist). A secret is shown as `has_…` alone; where both
 * sides are true, it was replaced.
 */
export function stateChanges(before: unknown, after: unknown): FieldChange[] {
  const [old, now] = [opened(before), opened(after)];
  const changes: FieldChange[] = [];
  const compare = (name: string, one: unknown, other: unknown) => {
    if (!LEFT_OUT.has(name) && !isSame(one, other)) changes.push(changeOf(name, one, other));
  };
  for (const [name, value] of old) compare(name, value, now.get(name) ?? null);
  for (const [name, value] of now) if (!old.has(name)) compare(name, null, value);
  return changes;
}

/** Most values are texts and numbers, which need no JSON. */
const isSame = (one: unknown, other: unknown): boolean =>
  one === other || (isObjectLike(one) && isObjectLike(other) && JSON.stringify(one) === JSON.stringify(other));
const isObjectLike = (value: unknown) => typeof value === 'object' && value !== null;

function changeOf(name: string, before: unknown, after: unknown): FieldChange {
  const place = name.lastIndexOf('.') + 1;
  if (!SECRETS.has(name.slice(place))) return { field: name, before: masked(before), after: masked(after) };
  return {
    field: `${name.slice(0, place)}has_${name.slice(place)}`,
    before: before !== null,
    after: after !== null,
  };
}

function opened(state: unknown): Map<string, unknown> {
  const members = new Map<string, unknown>();
  if (!isObject(state)) return members;
  for (const [name, value] of Object.entries(state))
    if (OPENED.has(name) && isObject(value))
      for (const [member, inner] of Object.entries(value)) members.set(`${name}.${member}`, inner ?? null);
    else members.set(name, value ?? null);
  return members;
}

function masked(value: unknown): unknown {
  if (typeof value === 'string') return SEALED.test(value) ? '***' : value;
  if (Array.isArray(value)) return value.map(masked);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) =>
      SECRETS.has(name) ? [`has_${name}`, inner !== null] : [name, masked(inner)],
    ),
  );
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
