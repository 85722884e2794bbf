import type { InboundRequest } from '@trunkmesh/contracts/routing.js';

/**
 * The request by hand, because a schema's walk would cost as much as the decision. It takes what `inboundRequest` of
 * the contract takes (a property test compares them) and is laxer in two things that decide nothing: the spelling of
 * `bridge_id`, and of trunk ids, which are only looked up.
 *
 * Returns the request, or in words what is wrong with it.
 */
export function readInboundRequest(value: unknown): InboundRequest | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'the request must be a JSON object';
  const given = value as Given;
  const problem = problemOfTexts(given) ?? problemOfTheRest(given);
  if (problem !== undefined) return problem;
  const {
    call_id,
    bridge_id,
    pool,
    source_address,
    resolved_trunks = [],
    claimed_gateway = null,
    request_uri_user,
    to_user,
    from_user,
    headers = [],
  } = given as InboundRequest;
  return {
    call_id,
    bridge_id,
    pool,
    source_address,
    resolved_trunks,
    claimed_gateway,
    request_uri_user,
    to_user,
    from_user,
    headers,
  };
}

type Given = Partial<Record<keyof InboundRequest, unknown>>;

function problemOfTexts(given: Given): string | undefined {
  for (const { name, max } of TEXTS)
    if (!isText(given[name], max)) return `${name} must be a string of at most ${max} characters`;
  return undefined;
}

function problemOfTheRest({ claimed_gateway, resolved_trunks, headers }: Given): string | undefined {
  if (claimed_gateway !== undefined && claimed_gateway !== null && !isText(claimed_gateway, 128))
    return 'claimed_gateway must be null or a string of at most 128 characters';
  if (resolved_trunks !== undefined && !isListOf(resolved_trunks, 256, isTrunkId))
    return 'resolved_trunks must be at most 256 ids';
  if (headers !== undefined && !isListOf(headers, 64, isHeader))
    return 'headers must be at most 64 pairs of a name (64 characters) and a value (2048 characters)';
  return undefined;
}

const TEXTS = [
  { name: 'call_id', max: 128 },
  { name: 'bridge_id', max: 64 },
  { name: 'pool', max: 64 },
  { name: 'source_address', max: 64 },
  { name: 'request_uri_user', max: 256 },
  { name: 'to_user', max: 256 },
  { name: 'from_user', max: 256 },
] as const;

const isText = (value: unknown, max: number): value is string => typeof value === 'string' && value.length <= max;
const isTrunkId = (value: unknown): value is string => isText(value, 64);
const isHeader = (value: unknown): value is [string, string] =>
  Array.isArray(value) && value.length === 2 && isText(value[0], 64) && isText(value[1], 2048);

function isListOf<T>(value: unknown, max: number, is: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.length <= max && value.every(is);
}
