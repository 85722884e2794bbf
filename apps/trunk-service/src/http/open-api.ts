import { DEFAULT_ACCESS, ROLES, type Access, type Role } from './caller.js';

/** The little of an OpenAPI 3.1 document that is completed here. */
export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, unknown> } & Record<string, unknown>;
  tags?: readonly Tag[];
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
 * What holds for every route and is not repeated at each: who may call it, the headers that it takes, and what it
 * answers when it refuses.
 */
export function completed(document: OpenApi, problem: object): OpenApi {
  const paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [
          method,
          completedOperation(operation, { path, method, problem }),
        ]),
      ),
    ]),
  );
  return { ...document, paths, tags: TAGS, components: { ...document.components, headers: HEADERS } };
}

interface Place {
  path: string;
  method: string;
  problem: object;
}

function completedOperation(operation: Operation, place: Place): Operation {
  const { path, method, problem } = place;
  const { 'x-access': access = DEFAULT_ACCESS, 'x-body': content, 'x-body-optional': optional, ...rest } = operation;
  const given = (rest.parameters ?? []).filter((parameter) => parameter.in !== 'header').map(withPathDescription);
  return {
    ...rest,
    ...(content === undefined ? {} : { requestBody: { required: optional !== true, content } }),
    ...requirementOf(access),
    parameters: [...given, ...headersOf(path, method, operation, access)],
    tags: [tagOf(path)],
    responses: withHeaders(place, {
      ...rest.responses,
      ...refusalsOf(access, problem),
      ...(method === 'get' && VERSIONED.test(path)
        ? { 304: { description: 'Not changed since the version of If-None-Match' } }
        : {}),
      default: refused('Refused or failed (RFC 9457)', problem),
    }),
  };
}

const refused = (description: string, problem: object) => ({
  description,
  content: { 'application/problem+json': { schema: problem } },
});

/**
 * A bearer scheme has no scopes in OpenAPI (Security Requirement Object), so the roles have a name of their own.
 */
function requirementOf(access: Access): Pick<Operation, 'description' | 'security' | 'x-required-roles'> {
  if (access === 'public') return { security: [] };
  const roles = ROLES[access];
  return {
    description: `Needs ${roles.map((role) => KEY_OF[role]).join(', or ')}.`,
    security: [{ key: [] }],
    'x-required-roles': roles,
  };
}

function refusalsOf(access: Access, problem: object): Record<string, unknown> {
  const always = {
    400: refused('The request is not valid; nothing was changed', problem),
    429: refused('Over a limit; nothing was changed', problem),
  };
  if (access === 'public') return always;
  const changes = access === 'manage' || access === 'publish';
  return {
    ...always,
    401: refused('No API key, or one that is not known or was revoked', problem),
    403: refused(
      `The key has another role than ${ROLES[access].join(', ')}${changes ? ', or its organisation is suspended' : ''}`,
      problem,
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
  return path.includes('{id}') && !/\/(api-keys|notifications)\//.test(path) ? [IF_MATCH] : [];
}

const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  id: 'The id.',
  call_id: 'The `call_id` or `call_sid` of the call.',
  recording_id: 'The `recording_id` of the call.',
  number: 'The phone number in E.164.',
  name: 'The name of the format.',
  trunk_id: 'The trunk.',
  effective_from:
    'When the rate plan begins: a date (its beginning in the time zone of the organisation) or a time (RFC 3339).',
};

const withPathDescription = (parameter: Parameter): Parameter =>
  parameter.in === 'path' ? { ...parameter, description: PATH_PARAMETERS[parameter.name] ?? 'The id.' } : parameter;

const headerOf = (description: string, type = 'string') => ({ description, schema: { type } });
/** What answers carry beside their body. */
const HEADERS: Readonly<Record<string, object>> = {
  'X-Request-Id': headerOf('The request, as the logs name it: the one that was sent, or a new one.'),
  ETag: headerOf('The version, for If-Match and If-None-Match.'),
  Location: headerOf('Where what was made is.'),
  Link: headerOf('Where the next page is (RFC 8288, `rel="next"`); absent on the last page.'),
  'X-Total-Count': headerOf(
    'How many match, on all pages; of more than 50,000 up to a minute ago. A search (`q`) counts no more than 1,000: ' +
      'beyond, `X-Total-Count-Limited` is `true`.',
    'integer',
  ),
  'Retry-After': headerOf('Seconds after which it is worth trying again.', 'integer'),
  'Idempotency-Replayed': headerOf('`true`: this is the answer to the first request with this Idempotency-Key.'),
  'WWW-Authenticate': headerOf('How to authenticate (RFC 6750).'),
};

const PAGED = /\/(organizations|sip-trunks|phone-numbers|api-keys|calls|addresses|refused-calls)$/;

function headerNames({ path, method }: Place, status: string): string[] {
  if (status === '401') return ['WWW-Authenticate'];
  if (status === '429' || status === 'default') return ['Retry-After'];
  if (status === '201')
    return ['Location', 'Idempotency-Replayed', ...(VERSIONED.test(`${path}/{id}`) ? ['ETag'] : [])];
  if (!status.startsWith('2') || method !== 'get') return [];
  if (PAGED.test(path)) return ['Link', 'X-Total-Count'];
  return VERSIONED.test(path) ? ['ETag'] : [];
}

const withHeaders = (place: Place, responses: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(responses).map(([status, response]) => {
      const names = ['X-Request-Id', ...headerNames(place, status)];
      const headers = Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
      return [status, { ...(response as object), headers }];
    }),
  );

interface Tag {
  name: string;
  description: string;
}
const tag = (name: string, description: string, path: RegExp) => ({ name, description, path });
const TAGGED = [
  tag('Trunks', 'SIP trunks: a carrier or PBX each, and their state on the bridges.', /\/(sip-trunks|trunk-states)/),
  tag('Sync', 'The whole configuration of an organisation at once.', /\/sync-organization/),
  tag('Phone numbers', 'Numbers, the trunk of each, and the assistant or flow that answers.', /\/phone-numbers/),
  tag('Calls', 'The call log, and calls that go on.', /\/calls/),
  tag('Usage', 'The ledger of usage, its sums, and what calls cost.', /\/(usage|rate-plans)/),
  tag('Routing', 'Where a call would go, and which calls were refused.', /\/(routes|refused-calls)/),
  tag(
    'Organisations',
    'Organisations, their keys, and whose key a request has.',
    /\/(organizations|api-keys|users|session)/,
  ),
  tag('Bridges', 'The hosts that take calls, and how to reach them.', /\/(bridges|connection)/),
  tag('Live', 'What changes, as it changes.', /\/stream/),
  tag(
    'Operator',
    'Evidence for addresses, and carriers whose addresses many customers share.',
    /\/(addresses|carriers)/,
  ),
  tag(
    'Notifications',
    'What an organisation is notified of, where, and what became of each message.',
    /\/notifications/,
  ),
  tag('History', 'Who changed what, and what the gateways went through.', /\/(events|registrations)/),
  tag('Health', 'For load balancers.', /\/health/),
];
const TAGS: readonly Tag[] = [
  ...TAGGED.map(({ name, description }) => ({ name, description })),
  { name: 'Webhooks', description: 'What the bridges post to the URLs of an organisation or a number.' },
];
const tagOf = (path: string): string => TAGGED.find((each) => each.path.test(path))?.name ?? 'Operator';
