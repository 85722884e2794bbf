/** A place where the condition of a rule holds now. */
export interface Finding {
  rule_id: string;
  /** What it is about: a trunk's id, or `organization`. */
  subject: string;
  trunk_id: string | null;
  since: string;
  summary: string;
  details: Record<string, unknown>;
}

export interface Alarm extends Finding {
  /** A message was sent that it began, so one is sent when it ends. */
  notified: boolean;
}

export interface RuleBudget {
  id: string;
  /** How many messages may be sent now. */
  left: number;
  /** How many were left out since the last one. */
  suppressed: number;
}

export type Step =
  | { do: 'open'; finding: Finding; notified: boolean; suppressed: number }
  | { do: 'notify'; finding: Finding; suppressed: number }
  | { do: 'keep'; finding: Finding }
  | { do: 'resolve'; alarm: Alarm };

const keyOf = ({ rule_id, subject }: Pick<Finding, 'rule_id' | 'subject'>): string => `${rule_id} ${subject}`;

/**
 * What to do about the alarms of rules, given where their conditions hold now. A message is sent once when an alarm
 * begins, and once when it ends if one was sent before. Beyond its hourly number a rule sends nothing; what still holds
 * is sent later.
 */
export function stepsOf(
  open: readonly Alarm[],
  found: readonly Finding[],
  budgets: ReadonlyMap<string, RuleBudget>,
): { steps: Step[]; suppressed: Map<string, number> } {
  const known = new Map(open.map((alarm) => [keyOf(alarm), alarm]));
  const rules = new Map([...budgets].map(([id, budget]) => [id, { ...budget }]));
  const steps = found.map((finding) => {
    const before = known.get(keyOf(finding));
    known.delete(keyOf(finding));
    return stepOf(before, finding, rules.get(finding.rule_id) ?? { id: finding.rule_id, left: 0, suppressed: 0 });
  });
  for (const alarm of known.values()) steps.push({ do: 'resolve', alarm });
  return { steps, suppressed: new Map([...rules].map(([id, { suppressed }]) => [id, suppressed])) };
}

/** Takes its message out of the rule's budget. */
function stepOf(before: Alarm | undefined, finding: Finding, rule: RuleBudget): Step {
  const since = before?.since ?? finding.since;
  if (before?.notified === true) return { do: 'keep', finding: { ...finding, since } };
  if (rule.left <= 0) {
    if (before !== undefined) return { do: 'keep', finding: { ...finding, since } };
    rule.suppressed += 1;
    return { do: 'open', finding, notified: false, suppressed: 0 };
  }
  const silent = rule.suppressed;
  rule.left -= 1;
  rule.suppressed = 0;
  if (before === undefined) return { do: 'open', finding, notified: true, suppressed: silent };
  // It was counted as left out itself.
  return { do: 'notify', finding: { ...finding, since }, suppressed: Math.max(0, silent - 1) };
}
