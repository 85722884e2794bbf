import { DEFAULT_ACCESS, ROLES, type Access, type Role } from './caller.js';

/** The little of an OpenAPI 3.0 document that is completed here. */
export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, unknown> } & Record<string, unknown>;
}
interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: unknown;
}
interface Operation {
  parameters?: Parameter[];
  responses: Record<string, unknown>;
  security?: Record<string, string[]>[];
  'x-required-roles'?: readonly Role[];
  requestBody?: unknown;
  description?: string;
  'x-access'?: Access;
  'x-body'?: unknown;
  [more: string]: unknown;
}

const KEY_OF: Record<Role, string> = {
  bootstrap: 'the bootstrap key',
  admin: 'a key with the role `admin`',
  member: 'a key with the role `member`',
  publisher: 'a key with the role `publisher`',
};

const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail', 'request_id'],
  properties: {
    type: { type: 'string', example: 'urn:trunkmesh:problem:duplicate-trunk-name' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'For programs.' },
    detail: { type: 'string', description: 'For people.' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: {
            type: 'string',
            description: 'JSON pointer (RFC 6901) into the request; for a query parameter its name behind a slash.',
          },
          detail: { type: 'string' },
        },
      },
    },
    request_id: { type: 'string' },
  },
};

const header = (name: string, description: string): Parameter => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
});
const ORGANIZATION = header('X-Organization-Id', 'For the bootstrap key: the organisation that it acts for.');
const IF_MATCH = header(
  'If-Match',
  'The ETag of the version that the change was prepared on; 412 when it is not the present one.',
);
const IF_NONE_MATCH = header('If-None-Match', 'The ETag that the client has; 304 when nothing changed.');
const IDEMPOTENCY = header(
  'Idempotency-Key',
  'Any text of up to 255 characters. The same request with the same key within 24 hours is done once and ' +
    'answered the same.',
);

/**
 *  What holds for every route and so stands at none: who may call it, the headers that it takes, and what it answers
 *  when it refuses.
 */
export function completed(document: OpenApi): OpenApi {
  const paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [method, completedOperation(path, method, operation)]),
      ),
    ]),
  );
  return {
    ...document,
    paths,
    components: { ...document.components, schemas: { ...document.components?.schemas, Problem: PROBLEM } },
  };
}

function completedOperation(path: string, method: string, operation: Operation): Operation {
  const { 'x-access': access = DEFAULT_ACCESS, 'x-body': content, 'x-body-optional': optional, ...rest } = operation;
  const given = (rest.parameters ?? []).filter((parameter) => parameter.in !== 'header');
  return {
    ...rest,
    ...(content === undefined ? {} : { requestBody: { required: optional !== true, content } }),
    ...requirementOf(access),
    parameters: [...given, ...headersOf(path, method, operation, access)],
    responses: {
      ...rest.responses,
      ...refusalsOf(access),
      ...(method === 'get' && VERSIONED.test(path)
        ? { 304: { description: 'Not changed since the version of If-None-Match' } }
        : {}),
      default: refused('Refused (RFC 9457)'),
    },
  };
}

const refused = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

/**
 *  A bearer scheme has no scopes in OpenAPI 3.0 (Security Requirement Object), so the roles have a name of their own.
 */
function requirementOf(access: Access): Pick<Operation, 'description' | 'security' | 'x-required-roles'> {
  if (access === 'public') return {};
  const roles = ROLES[access];
  return {
    description: `Needs ${roles.map((role) => KEY_OF[role]).join(', or ')}.`,
    security: [{ key: [] }],
    'x-required-roles': roles,
  };
}

function refusalsOf(access: Access): Record<string, unknown> {
  if (access === 'public') return {};
  const changes = access === 'manage' || access === 'publish';
  return {
    401: refused('No API key, or one that is not known or was revoked'),
    403: refused(
      `The key has another role than ${ROLES[access].join(', ')}${changes ? ', or its organisation is suspended' : ''}`,
    ),
  };
}

/** Whose answers have an ETag. */
const VERSIONED = /\/(organizations|sip-trunks|phone-numbers)\/\{id\}$/;

function headersOf(path: string, method: string, { responses }: Operation, access: Access): Parameter[] {
  return [
    ...(access === 'public' || access === 'operate' ? [] : [ORGANIZATION]),
    ...conditionsOf(path, method),
    ...(method === 'post' && ('201' in responses || path.endsWith('/phone-numbers/import')) ? [IDEMPOTENCY] : []),
  ];
}

function conditionsOf(path: string, method: string): Parameter[] {
  if (method === 'get') return VERSIONED.test(path) ? [IF_NONE_MATCH] : [];
  // A key has no versions; it is revoked, whatever it was.
  return path.includes('{id}') && !path.includes('/api-keys/') ? [IF_MATCH] : [];
}
