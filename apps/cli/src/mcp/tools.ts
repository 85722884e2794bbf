import { safeText } from '../output/safe-text.js';

/**
 * Which requests of the API are tools of the MCP server. Names, descriptions and schemas are the API's own. Everything
 * that is only read is a tool, but for what a model has no use for; what changes something is one only where it stands
 * here. Nothing that deletes does.
 */

/** Read, and no tool. */
export const NOT_TOOLS = [
  'getLiveness',
  'getReadiness',
  'listApiKeys',
  'followChanges',
  'explainRouteByQuery',
] as const;

/** A POST that changes nothing. */
export const READING_POSTS = ['explainRoute'] as const;

/** Change something, or send traffic to a carrier: only with `--allow-writes`, and each time confirmed. */
export const WRITING = [
  'createTrunk',
  'updateTrunk',
  'enableTrunk',
  'disableTrunk',
  'testTrunk',
  'probeTrunk',
  'expectCall',
  'addInboundAddress',
  'createPhoneNumber',
  'updatePhoneNumber',
  'assignPhoneNumber',
  'createCall',
  'cancelCall',
  'hangUpCall',
  'transferCall',
] as const;

type Json = Record<string, unknown>;

export interface OpenApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json> };
}

interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: Json }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Json }> };
}

/** One tool, and the request that it makes. */
export interface Tool {
  name: string;
  description: string;
  inputSchema: { type: 'object'; properties: Record<string, Json>; required: string[]; $defs?: Record<string, Json> };
  writes: boolean;
  method: string;
  path: string;
}

export interface ToolRequest {
  method: string;
  /** Path and query. */
  target: string;
  body?: string;
}

/** The tools of this installation. */
export function toolsOf(document: OpenApiDocument, allowWrites: boolean): Tool[] {
  const writing: readonly string[] = WRITING;
  return operations(document).flatMap(({ id, method, path, operation }) => {
    const writes = writing.includes(id);
    if (!(writes ? allowWrites : onlyReads(id, method))) return [];
    const description = describe(operation, writes);
    return [{ name: id, description, inputSchema: inputOf(document, operation), writes, method, path }];
  });
}

function onlyReads(id: string, method: string): boolean {
  const [posts, left]: readonly (readonly string[])[] = [READING_POSTS, NOT_TOOLS];
  return method === 'GET' ? !left!.includes(id) : posts!.includes(id);
}

export const operations = ({ paths }: OpenApiDocument) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: operation.operationId ?? `${method} ${path}`,
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );

const describe = ({ summary, description }: Operation, writes: boolean) =>
  [summary ?? '', description ?? '', writes ? 'Changes something or sends traffic; has to be confirmed.' : '']
    .filter((part) => part !== '')
    .join('\n');

/** Parameters of path and query by their names, the body as `body`. Headers belong to the connection. */
function inputOf(document: OpenApiDocument, { parameters = [], requestBody }: Operation): Tool['inputSchema'] {
  const used = parameters.filter((parameter) => parameter.in === 'path' || parameter.in === 'query');
  const body = requestBody?.content['application/json']?.schema;
  const properties: Record<string, Json> = {
    ...Object.fromEntries(used.map(({ name, schema, description }) => [name, { ...schema, description }])),
    ...(body === undefined ? {} : { body }),
  };
  const required = used.filter(({ in: place, required: must }) => place === 'path' || must).map(({ name }) => name);
  const $defs = definitions(document, properties);
  return {
    type: 'object',
    properties: moved(properties) as Record<string, Json>,
    required: body === undefined ? required : [...required, 'body'],
    ...(Object.keys($defs).length === 0 ? {} : { $defs }),
  };
}

const REFERENCE = '#/components/schemas/';

/** Every schema that these refer to, and those that they refer to. */
function definitions({ components }: OpenApiDocument, from: unknown, found: Record<string, Json> = {}) {
  for (const name of namesIn(from)) {
    if (found[name] !== undefined || components.schemas[name] === undefined) continue;
    found[name] = moved(components.schemas[name]) as Json;
    definitions({ paths: {}, components }, components.schemas[name], found);
  }
  return found;
}

const namesIn = (schema: unknown) =>
  [...JSON.stringify(schema ?? null).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name!);

const moved = (schema: unknown): unknown =>
  JSON.parse(JSON.stringify(schema).replaceAll(`"${REFERENCE}`, '"#/$defs/')) as unknown;

/** @throws TypeError where a parameter of the path is missing */
export function requestOf(tool: Tool, given: Json): ToolRequest {
  const { body, ...parameters } = given;
  const path = tool.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = parameters[name];
    delete parameters[name];
    if (typeof value !== 'string' || value === '' || value === '.' || value === '..')
      throw new TypeError(`${tool.name} needs ${name}`);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (Object.hasOwn(tool.inputSchema.properties, name) && value !== undefined && value !== null)
      query.set(name, textOf(value));
  const target = query.size === 0 ? path : `${path}?${query.toString()}`;
  return { method: tool.method, target, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
}

/** What a person is asked to agree to: what is sent, and nothing else that a model has written beside it. */
export const requestText = ({ name }: Tool, { method, target, body }: ToolRequest): string =>
  safeText(`${name}: ${method} ${target}${body === undefined ? '' : ` ${body}`}`);

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
