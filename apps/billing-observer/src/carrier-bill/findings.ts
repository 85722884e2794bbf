import type { DifferenceCause, DifferenceKind, ReconciliationGroup } from '@trunkmesh/contracts/carrier-bill.js';
import type { CallGroup, KeyedCall } from './call-groups.js';
import type { FailedAttempt } from './failed-attempts.js';
import { matchCalls } from './match-calls.js';
import { fittingIncrements, probableCause, type OurLength } from './probable-cause.js';
import { matchWithheld, type CallerCall } from './withheld-callers.js';

export interface OurCall extends KeyedCall, CallerCall, OurLength {
  call_id: string;
  trunk_id: string | null;
  from_number: string;
  to_number: string;
}

export interface TheirCall extends KeyedCall, CallerCall {
  line: number;
  reference: string | null;
  from_number: string;
  to_number: string;
  amount_micros: bigint | null;
  currency: string | null;
}

export interface FoundDifference {
  kind: DifferenceKind;
  cause: DifferenceCause | null;
  ours: OurCall | null;
  theirs: TheirCall | null;
  /** What the line bills, though the ledger has no entry for it. */
  attempt?: FailedAttempt;
}

interface Sum {
  calls: number;
  our_seconds: number;
  their_seconds: number;
  amounts: Map<string, bigint>;
}

/** The period that the file is for, in seconds since 1970: a call of ours outside of it is not missing in the file. */
export interface Period {
  from: number;
  to: number;
}

type Group = CallGroup<OurCall, TheirCall>;

/** Sums up what a reconciliation finds, group by group. */
export class Findings {
  /** Calls of ours that were not answered and are not in the file. */
  unlisted = 0;
  /** Lines without seconds and cost of calls that the ledger does not have. */
  unbilled = 0;
  /** Pairs of which only one side has the caller's number. */
  withheld = 0;
  private readonly sums = new Map<string, Sum>();
  private readonly increments = new Map<string, number>();

  constructor(
    private readonly tolerance: number,
    private readonly period: Period,
  ) {}

  /** The differences of calls between the same two numbers, and the calls that match none of them. */
  take({ ours, theirs }: Group): { found: FoundDifference[]; left: Group } {
    const matching = matchCalls(ours, theirs, this.tolerance);
    const found = matching.pairs.flatMap(([our, their]) => this.pair(our, their));
    const twice = isBilledTwice(matching.pairs);
    found.push(...matching.theirs.filter(twice).flatMap((their) => this.onlyTheirs(their, 'billed-twice')));
    return { found, left: { ours: matching.ours, theirs: matching.theirs.filter((their) => !twice(their)) } };
  }

  /** The differences of what is left of all calls to the same number. */
  takeLeft({ ours, theirs }: Group): FoundDifference[] {
    const matching = matchWithheld(ours, theirs, this.tolerance);
    this.withheld += matching.pairs.length;
    const found = matching.pairs.flatMap(([our, their]) => this.pair(our, their));
    const twice = isBilledTwice(matching.pairs);
    for (const our of matching.ours) found.push(...this.onlyOurs(our));
    for (const their of matching.theirs) found.push(...this.onlyTheirs(their, twice(their) ? 'billed-twice' : null));
    return found;
  }

  /** What was found without a cause is the bill of this attempt. */
  attribute(difference: FoundDifference, attempt: FailedAttempt): void {
    this.count(difference, -1);
    difference.cause = 'unanswered-attempt-billed';
    difference.attempt = attempt;
    this.count(difference, 1);
  }

  groups(): ReconciliationGroup[] {
    return [...this.sums]
      .filter(([, { calls }]) => calls > 0)
      .map(([key, { amounts, ...sum }]) => {
        const [kind, cause] = key.split('|') as [ReconciliationGroup['kind'], DifferenceCause | ''];
        const money = [...amounts].map(([currency, amount]) => ({ currency, amount_micros: String(amount) }));
        return { kind, cause: cause === '' ? null : cause, ...sum, amounts: money.sort(byCurrency) };
      })
      .sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || b.calls - a.calls || byCause(a, b));
  }

  get pairs(): number {
    return this.callsOf('matched') + this.callsOf('duration-differs');
  }

  /** The increments that explain most of the calls whose length was rounded up, and how many. */
  usualIncrements(): { increments: string; calls: number; of: number } | undefined {
    const [best] = [...this.increments].sort(([, a], [, b]) => b - a);
    const of = this.sums.get('duration-differs|other-increment')?.calls ?? 0;
    return best === undefined ? undefined : { increments: best[0], calls: best[1], of };
  }

  private pair(ours: OurCall, theirs: TheirCall): FoundDifference[] {
    const cause = probableCause(ours, theirs.seconds);
    if (cause === undefined) {
      this.count({ kind: 'matched', cause: null, ours, theirs }, 1);
      return [];
    }
    if (cause === 'other-increment')
      for (const fit of fittingIncrements(ours, theirs.seconds))
        this.increments.set(fit, (this.increments.get(fit) ?? 0) + 1);
    return [this.difference('duration-differs', cause, { ours, theirs })];
  }

  private onlyOurs(ours: OurCall): FoundDifference[] {
    if (ours.second < this.period.from || ours.second > this.period.to) return [];
    if (ours.answered) return [this.difference('only-ours', null, { ours, theirs: null })];
    // Most carriers list no call that was not answered.
    this.unlisted += 1;
    return [];
  }

  private onlyTheirs(theirs: TheirCall, cause: 'billed-twice' | null): FoundDifference[] {
    if (theirs.seconds === 0 && (theirs.amount_micros ?? 0n) === 0n) {
      this.unbilled += 1;
      return [];
    }
    return [this.difference('only-theirs', cause, { ours: null, theirs })];
  }

  private difference(
    kind: DifferenceKind,
    cause: DifferenceCause | null,
    sides: Pick<FoundDifference, 'ours' | 'theirs'>,
  ): FoundDifference {
    this.count({ kind, cause, ...sides }, 1);
    return { kind, cause, ...sides };
  }

  /** `times` -1 takes it back. */
  private count(
    { kind, cause, ours, theirs }: Omit<FoundDifference, 'kind'> & Pick<ReconciliationGroup, 'kind'>,
    times: 1 | -1,
  ): void {
    const key = `${kind}|${cause ?? ''}`;
    const sum = this.sums.get(key) ?? { calls: 0, our_seconds: 0, their_seconds: 0, amounts: new Map() };
    this.sums.set(key, sum);
    sum.calls += times;
    sum.our_seconds += times * (ours?.seconds ?? 0);
    sum.their_seconds += times * (theirs?.seconds ?? 0);
    addMoney(sum.amounts, theirs, BigInt(times));
  }

  private callsOf(kind: string): number {
    let calls = 0;
    for (const [key, sum] of this.sums) if (key.startsWith(`${kind}|`)) calls += sum.calls;
    return calls;
  }
}

const KINDS: readonly string[] = ['matched', 'only-ours', 'only-theirs', 'duration-differs'];
const byCause = (a: ReconciliationGroup, b: ReconciliationGroup) => ((a.cause ?? '') < (b.cause ?? '') ? -1 : 1);
const byCurrency = (a: { currency: string }, b: { currency: string }) => (a.currency < b.currency ? -1 : 1);

function addMoney(amounts: Map<string, bigint>, theirs: TheirCall | null, times: bigint): void {
  if (theirs === null || theirs.amount_micros === null || theirs.currency === null) return;
  amounts.set(theirs.currency, (amounts.get(theirs.currency) ?? 0n) + times * theirs.amount_micros);
}

/** Whether a line says the same as one that has a call of ours. */
function isBilledTwice(pairs: readonly (readonly [OurCall, TheirCall])[]): (theirs: TheirCall) => boolean {
  const keyOf = ({ withheld, from_number, second, seconds }: TheirCall) =>
    `${withheld ? '' : from_number}/${second}/${seconds}`;
  const billed = new Set(pairs.map(([, theirs]) => keyOf(theirs)));
  return (theirs) => billed.has(keyOf(theirs));
}
