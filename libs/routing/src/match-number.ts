import {
  CALLED_NUMBER_SOURCES,
  type CalledNumberSource,
  type ExplanationStep,
  type StepVerdict,
} from '@trunkmesh/contracts/routing.js';
import { dialledNumbers, rawText, type RawSources } from './called-number.js';
import { CONTACT_PREFIX, type DialectGroup } from './candidates.js';
import { formatE164, looksPublic, toE164 } from './number-format.js';
import { findNumber, firstSlot, nextSlot, organizationOf, rowAt } from './number-table.js';
import type { RouteIndex } from './route-index.js';
import { parseUser, type Dialled } from './sip-value.js';
import type { Candidate } from './route-entries.js';

/** A number of a candidates' organisation, and the candidates of that organisation whose spelling names it. */
export interface Match {
  readonly row: number;
  readonly number: number;
  readonly candidates: readonly Candidate[];
}

export interface Walk {
  /** One a source, in the mission's order. */
  readonly steps: ExplanationStep[];
  /** The source that ended the walk: with a match, or without one where it fits more than one number. */
  readonly decidedBy: CalledNumberSource | undefined;
  readonly match: Match | undefined;
  /**
   * The full public number in Request-URI or To that is nobody's here: E.164, or null where it cannot be brought to
   * it.
   */
  readonly strayNumber: { e164: string | null } | undefined;
}

/**
 * How many spellings are read for one call: a value is read once a dialect, and one shared address may have as many
 * dialects as trunks. A call that would need more is ambiguous rather than a way to keep a server busy.
 */
const MAX_READINGS = 2_000;

interface Reader {
  index: RouteIndex;
  groups: readonly DialectGroup[];
  readings: number;
}

/** `number`: what was read, 0 for none. `match` with the verdict `decided` only. */
interface Found {
  readonly verdict: Exclude<StepVerdict, 'absent' | 'unparsable' | 'not-asked'>;
  readonly number: number;
  readonly match?: Match;
}

/** Asks the nine sources in turn until one names a number of a candidates' organisation. */
export function walkSources(index: RouteIndex, groups: readonly DialectGroup[], raw: RawSources): Walk {
  const reader: Reader = { index, groups, readings: 0 };
  const steps: ExplanationStep[] = [];
  let strayNumber: Walk['strayNumber'];
  for (let position = 0; position < CALLED_NUMBER_SOURCES.length; position++) {
    const source = CALLED_NUMBER_SOURCES[position]!;
    const lines = raw[position];
    const found = lines === undefined ? undefined : readSource(reader, source, lines);
    const step = stepOf(source, lines, found);
    steps.push(step);
    if (found === undefined) continue;
    if (found.verdict === 'decided' || found.verdict === 'ambiguous') {
      notAsked(steps, raw);
      return { steps, decidedBy: source, match: found.match, strayNumber: undefined };
    }
    if (isAddress(source) && found.verdict !== 'not-a-public-number') strayNumber ??= { e164: step.number };
  }
  return { steps, decidedBy: undefined, match: undefined, strayNumber };
}

function stepOf(
  source: CalledNumberSource,
  lines: readonly string[] | undefined,
  found: Found | undefined,
): ExplanationStep {
  const raw = rawText(lines);
  if (found === undefined) return { source, raw, number: null, verdict: isBlank(lines) ? 'absent' : 'unparsable' };
  return { source, raw, number: found.number === 0 ? null : formatE164(found.number), verdict: found.verdict };
}

const isAddress = (source: CalledNumberSource): boolean => source === 'Request-URI' || source === 'To';
const isBlank = (lines: readonly string[] | undefined): boolean =>
  lines === undefined || lines.every((line) => line.trim() === '');

/** The steps behind the one that decided, and those of a call that no number could decide. */
export function notAsked(steps: ExplanationStep[], raw: RawSources): ExplanationStep[] {
  for (let position = steps.length; position < CALLED_NUMBER_SOURCES.length; position++) {
    const lines = raw[position];
    steps.push({
      source: CALLED_NUMBER_SOURCES[position]!,
      raw: rawText(lines),
      number: null,
      verdict: isBlank(lines) ? 'absent' : 'not-asked',
    });
  }
  return steps;
}

/**
 * How telling a verdict is, where a source holds several values and none decides. Another organisation's number is as
 * telling as nobody's: what others have changes nothing of what is shown.
 */
const TELLING: Record<Found['verdict'], number> = {
  decided: 4,
  ambiguous: 4,
  'other-organizations-number': 2,
  'nobodys-number': 2,
  'not-a-public-number': 1,
};

/**
 * The first of a source's values that decides, otherwise the most telling of them; `undefined` where none could be
 * parsed.
 */
function readSource(reader: Reader, source: CalledNumberSource, lines: readonly string[]): Found | undefined {
  if (isAddress(source)) return isBlank(lines) ? undefined : readAddress(reader, lines[0]!);
  let best: Found | undefined;
  for (const value of dialledNumbers(source, lines)) {
    const found = readValue(reader, value);
    if (best === undefined || TELLING[found.verdict] > TELLING[best.verdict]) best = found;
    if (TELLING[best.verdict] === 4) break;
  }
  return best;
}

/**
 * Request-URI and To hold other things than numbers as well: FreeSWITCH's contact, the trunk's user name, a short
 * extension.
 */
function readAddress(reader: Reader, user: string): Found {
  const value = parseUser(user);
  const found = readValue(reader, value);
  if (found.verdict === 'decided' || found.verdict === 'ambiguous') return found;
  if (value.text.startsWith(CONTACT_PREFIX) || isUserName(reader.groups, value.text))
    return { verdict: 'not-a-public-number', number: 0 };
  return found.verdict === 'not-a-public-number' && looksPublic(value.text)
    ? { verdict: 'nobodys-number', number: 0 }
    : found;
}

function isUserName(groups: readonly DialectGroup[], user: string): boolean {
  return groups.some((group) =>
    group.candidates.some(({ trunk: { state } }) => names(state.username, user) || names(state.authUsername, user)),
  );
}

/** A user name may be a whole address of record, `user@domain`: what calls it holds the user alone. */
const names = (username: string | null, user: string): boolean =>
  username !== null &&
  (username === user || (user !== '' && username.startsWith(`${user}@`) && username.lastIndexOf('@') === user.length));

/** Reads one value in every dialect. Two numbers that it fits are one too many. */
function readValue(reader: Reader, value: Dialled): Found {
  let number = 0;
  let agreed = true;
  let owned: Owned;
  for (const group of reader.groups) {
    if (++reader.readings > MAX_READINGS) return { verdict: 'ambiguous', number: 0 };
    const read = toE164(value.text, group.dialect, value.context);
    if (read === 0) continue;
    agreed &&= number === 0 || read === number;
    number = read;
    owned = better(owned, lookup(reader.index, read, group.candidates));
  }
  return verdictOf(owned, number, agreed);
}

/**
 * `number`: as last read, 0 for never. Where the dialects did not agree and none of the readings decides, none of them
 * is shown as what it was brought to.
 */
function verdictOf(owned: Owned, read: number, agreed: boolean): Found {
  const number = agreed ? read : 0;
  if (owned === undefined) return { verdict: read === 0 ? 'not-a-public-number' : 'nobodys-number', number };
  if (owned === 'others') return { verdict: 'other-organizations-number', number };
  return owned.row === SEVERAL
    ? { verdict: 'ambiguous', number }
    : { verdict: 'decided', number: owned.number, match: owned };
}

/** In a match's place: it fits more than one number. */
const SEVERAL = -1;

type Owned = Match | 'others' | undefined;

/** A match outdoes everything else; two that are not the same number are none. */
function better(a: Owned, b: Owned): Owned {
  if (a === undefined || b === undefined) return a ?? b;
  if (a === 'others' || b === 'others') return a === 'others' ? b : a;
  return { row: a.row === b.row ? a.row : SEVERAL, number: a.number, candidates: [...a.candidates, ...b.candidates] };
}

/** The candidates' number with these digits; `others` where only other organisations have it. */
function lookup(index: RouteIndex, digits: number, candidates: readonly Candidate[]): Owned {
  const { numbers } = index;
  let owned: Owned;
  for (
    let slot = findNumber(numbers, digits, firstSlot(numbers, digits));
    slot >= 0;
    slot = findNumber(numbers, digits, nextSlot(numbers, slot))
  ) {
    const row = rowAt(numbers, slot);
    const owners = ofOrganization(candidates, organizationOf(numbers, row));
    owned = better(owned, owners.length === 0 ? 'others' : { row, number: digits, candidates: owners });
  }
  return owned;
}

function ofOrganization(candidates: readonly Candidate[], organization: number): readonly Candidate[] {
  if (candidates.length === 1) return candidates[0]!.trunk.organization.handle === organization ? candidates : [];
  return candidates.filter((candidate) => candidate.trunk.organization.handle === organization);
}
