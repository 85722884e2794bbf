import { describe, expect, it } from '@jest/globals';
import { conditionOf, conditionText, figuresOf, firstFigures } from './rule-text.js';

describe('a rule in words', () => {
  it('is made of the figures of its kind, and gives them back', () => {
    const condition = conditionOf('refused-calls', firstFigures('refused-calls'));
    expect(condition).toEqual({ kind: 'refused-calls', calls: 20, minutes: 5 });
    expect(figuresOf(condition)).toEqual({ calls: '20', minutes: '5' });
    expect(conditionText(condition)).toBe(
      'Calls are refused before routing (more than so many calls: 20, within so many minutes: 5)',
    );
  });

  it('of unusual usage names the alerts, and asks for all without a choice', () => {
    expect(conditionOf('usage-alert', {})).toEqual({ kind: 'usage-alert' });
    expect(conditionText({ kind: 'usage-alert', alerts: ['unusual-spend'] })).toBe(
      'Unusual usage (unusually high spending)',
    );
  });
});
