import { withoutCredentials } from '@trunkmesh/contracts/credential.js';
import { CALLED_NUMBER_SOURCES, type CalledNumberSource, type InboundRequest } from '@trunkmesh/contracts/routing.js';
import { compareIndex, parseElement, parseUser, splitList, type Dialled } from './sip-value.js';

/**
 * The nine sources' raw values, in the mission's order; `undefined` where the INVITE had none. Several lines of one
 * header stay apart.
 */
export type RawSources = readonly (readonly string[] | undefined)[];

const HEADER_SOURCES = CALLED_NUMBER_SOURCES.length - 2;
const POSITIONS = new Map<string, number>(
  CALLED_NUMBER_SOURCES.slice(0, HEADER_SOURCES).map((name, position) => [name, position]),
);
const POSITIONS_LOWER = new Map<string, number>(
  [...POSITIONS].map(([name, position]) => [name.toLowerCase(), position]),
);

export function rawSources(request: Pick<InboundRequest, 'headers' | 'request_uri_user' | 'to_user'>): RawSources {
  const sources: (string[] | undefined)[] = [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    request.request_uri_user === '' ? undefined : [request.request_uri_user],
    request.to_user === '' ? undefined : [request.to_user],
  ];
  for (const [name, value] of request.headers) {
    const position = POSITIONS.get(name) ?? POSITIONS_LOWER.get(name.toLowerCase());
    if (position === undefined) continue;
    const lines = sources[position];
    if (lines === undefined) sources[position] = [value];
    else lines.push(value);
  }
  return sources;
}

/** What an explanation shows of a source, without its credentials; as long as one header may be. */
const MAX_RAW = 2048;

export function rawText(lines: readonly string[] | undefined): string | null {
  if (lines === undefined) return null;
  const text = lines.length === 1 ? lines[0]! : lines.join(', ');
  return withoutCredentials(text.length > MAX_RAW ? text.slice(0, MAX_RAW) : text).slice(0, MAX_RAW);
}

/** Forwarded more often than this, a call loops. Bounds the work that a hostile header can ask for. */
const MAX_VALUES = 20;
const MAX_ELEMENTS = 256;

/** The values of one source, the original called party first; empty where nothing in it could be parsed. */
export function dialledNumbers(source: CalledNumberSource, lines: readonly string[]): readonly Dialled[] {
  if (source === 'Request-URI' || source === 'To') return [parseUser(lines[0]!)];
  const elements = lines.length === 1 ? elementsOf(lines[0]!) : lines.flatMap(elementsOf);
  // RFC 5806 §5: a diverting system adds its entry on top, so the bottom-most names whom the caller called first.
  if (source === 'Diversion') return parseAll(elements.slice(-MAX_ELEMENTS).reverse()).slice(0, MAX_VALUES);
  if (source === 'History-Info') return byIndex(parseAll(elements.slice(0, MAX_ELEMENTS))).slice(0, MAX_VALUES);
  return parseAll(elements.slice(0, MAX_VALUES));
}

/** FreeSWITCH's way to hold several lines of one header in one variable (FACTS, "Inbound calls"). */
const FREESWITCH_ARRAY = 'ARRAY::';

function elementsOf(line: string): string[] {
  if (line.startsWith(FREESWITCH_ARRAY)) return line.slice(FREESWITCH_ARRAY.length).split('|:').flatMap(splitList);
  return splitList(line);
}

function parseAll(elements: readonly string[]): Dialled[] {
  const values: Dialled[] = [];
  for (const element of elements) {
    const value = parseElement(element);
    if (value !== undefined) values.push(value);
  }
  return values;
}

/**
 * RFC 7044 §5: the entry with the lowest index is the first target. The order on the wire is a sender's courtesy, not
 * a promise.
 */
function byIndex(values: Dialled[]): Dialled[] {
  return values.length < 2 ? values : values.sort((a, b) => compareIndex(a.index, b.index));
}
