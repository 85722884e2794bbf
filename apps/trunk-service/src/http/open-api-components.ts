type Json = Record<string, unknown>;

/** Which way a schema is read: what a request may hold, or what an answer holds. Defaults make the two differ. */
export type Direction = 'input' | 'output';
const DIRECTION = 'x-direction';
const DEFINITION = '#/$defs/';
const COMPONENT = '#/components/schemas/';

/** A schema whose `$defs` `withComponents` moves to the document's components. */
export const withDefinitions = (schema: Json, definitions: Json, direction: Direction): Json => ({
  ...schema,
  $defs: definitions,
  [DIRECTION]: direction,
});

/**
 * Moves the named schemas that stand at each use to `components.schemas`. One that requests and answers read in two
 * ways has a name for each: `NumberRule` and `NumberRuleInput`.
 */
export function withComponents<Document extends { components?: { schemas?: Json } & Json }>(
  document: Document,
): Document {
  const schemas = new Map<string, Json>();
  const texts = new Map<string, string>();
  for (const direction of ['output', 'input'] as const)
    for (const definitions of definitionsOf(document, direction)) {
      const names = namesOf(definitions, texts);
      for (const [name, schema] of Object.entries(definitions)) {
        const { id: _id, ...named } = schema as Json;
        texts.set(names.get(name)!, JSON.stringify(schema));
        schemas.set(names.get(name)!, rewritten(named, names) as Json);
      }
    }
  const placed = replaced(document, texts) as Document;
  const sorted = [...schemas].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...placed,
    components: { ...placed.components, schemas: { ...placed.components?.schemas, ...Object.fromEntries(sorted) } },
  };
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function definitionsOf(value: unknown, direction: Direction): Json[] {
  if (Array.isArray(value)) return value.flatMap((item) => definitionsOf(item, direction));
  if (!isObject(value)) return [];
  if (value['$defs'] !== undefined && value[DIRECTION] === direction) return [value['$defs'] as Json];
  return Object.values(value).flatMap((item) => definitionsOf(item, direction));
}

/** The component's name of each definition. `texts`: those that have one already. */
function namesOf(definitions: Json, texts: ReadonlyMap<string, string>): Map<string, string> {
  const differing = new Set<string>();
  const differs = (name: string, text: string) =>
    (texts.has(name) && texts.get(name) !== text) ||
    [...differing].some((other) => text.includes(`"${DEFINITION}${other}"`));
  for (let before = -1; before !== differing.size;) {
    before = differing.size;
    for (const [name, schema] of Object.entries(definitions))
      if (differs(name, JSON.stringify(schema))) differing.add(name);
  }
  return new Map(Object.keys(definitions).map((name) => [name, differing.has(name) ? `${name}Input` : name]));
}

function rewritten(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => rewritten(item, names));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === '$ref' && typeof item === 'string'
        ? item.replace(/^#\/\$defs\/(.+)$/, (_all, name: string) => COMPONENT + (names.get(name) ?? name))
        : rewritten(item, names),
    ]),
  );
}

function replaced(value: unknown, texts: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => replaced(item, texts));
  if (!isObject(value)) return value;
  const { $defs: definitions, [DIRECTION]: direction, ...rest } = value;
  if (definitions === undefined || direction === undefined)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item, texts)]));
  return rewritten(rest, namesOf(definitions as Json, texts));
}
