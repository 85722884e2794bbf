import { describe, expect, it } from '@jest/globals';
import { stepsOf, type Alarm, type Finding, type RuleBudget } from './alarms.js';

const finding = (subject: string, since = '2026-11-28T10:00:00.000Z'): Finding => ({
  rule_id: 'r',
  subject,
  trunk_id: subject,
  since,
  summary: `${subject} is down`,
  details: {},
});
const alarm = (subject: string, notified = true): Alarm => ({ ...finding(subject), notified });
const budget = (left: number, suppressed = 0) => new Map<string, RuleBudget>([['r', { id: 'r', left, suppressed }]]);
const brief = (...args: Parameters<typeof stepsOf>) => {
  const { steps, suppressed } = stepsOf(...args);
  return [
    steps.map((step) =>
      step.do === 'resolve'
        ? `resolve ${step.alarm.subject}`
        : `${step.do} ${step.finding.subject}${step.do === 'open' && !step.notified ? ' silently' : ''}`,
    ),
    suppressed.get('r'),
  ];
};

describe('the alarms of a rule', () => {
  it.each([
    ['nothing', [], [], budget(6), [[], 0]],
    ['one begins', [], [finding('a')], budget(6), [['open a'], 0]],
    ['it goes on', [alarm('a')], [finding('a')], budget(6), [['keep a'], 0]],
    ['it ends', [alarm('a')], [], budget(6), [['resolve a'], 0]],
    ['two begin, one may be notified', [], [finding('a'), finding('b')], budget(1), [['open a', 'open b silently'], 1]],
    ['one that was silent may be notified now', [alarm('b', false)], [finding('b')], budget(1, 1), [['notify b'], 0]],
    ['it stays silent', [alarm('b', false)], [finding('b')], budget(0, 1), [['keep b'], 1]],
    ['a silent one ends', [alarm('b', false)], [], budget(6, 1), [['resolve b'], 1]],
    ['a rule without a budget says nothing', [], [finding('a')], new Map(), [['open a silently'], undefined]],
  ])('%s', (_what, open, found, budgets, expected) => {
    const [steps, suppressed] = brief(open, found, budgets as Map<string, RuleBudget>);
    expect(steps).toEqual(expected[0]);
    if (budgets.size > 0) expect(suppressed).toBe(expected[1]);
  });

  it('say with the next message how many were left out', () => {
    expect(stepsOf([], [finding('c')], budget(1, 4)).steps).toMatchObject([
      { do: 'open', notified: true, suppressed: 4 },
    ]);
    expect(stepsOf([alarm('b', false)], [finding('b')], budget(1, 4)).steps).toMatchObject([
      { do: 'notify', suppressed: 3 },
    ]);
  });

  it('keep the time when they began', () => {
    const [step] = stepsOf([alarm('a')], [finding('a', '2026-11-28T11:00:00.000Z')], budget(6)).steps;
    expect(step).toMatchObject({ finding: { since: '2026-11-28T10:00:00.000Z' } });
  });
});
