import { USAGE_ALERT_WORDS } from '@trunkmesh/contracts/words.js';
import { numberOf } from '../../form/values.js';
import type { components } from '../../generated/api.js';

export type Rule = components['schemas']['NotificationRule'];
export type Condition = Rule['condition'];
export type Kind = Condition['kind'];

interface KindText {
  title: string;
  /** What is set: its name, what it is, and what it is at first. */
  figures: readonly (readonly [string, string, number])[];
}

/** What an organisation can be notified of. */
export const KINDS: Readonly<Record<Kind, KindText>> = {
  'registration-lost': {
    title: 'A trunk lost its registration',
    figures: [['for_seconds', 'For so many seconds', 60]],
  },
  'trunk-degraded': {
    title: 'A carrier fails outbound calls',
    figures: [['failed_calls', 'Failed calls in a row', 5]],
  },
  'refused-calls': {
    title: 'Calls are refused before routing',
    figures: [
      ['calls', 'More than so many calls', 20],
      ['minutes', 'Within so many minutes', 5],
    ],
  },
  'low-quality': {
    title: 'The audio of a trunk is bad',
    figures: [
      ['mos', 'MOS below', 3.5],
      ['calls', 'On average of so many calls', 5],
    ],
  },
  'assistant-unreachable': {
    title: 'The assistant cannot be reached',
    figures: [['failed_calls', 'Failed calls in a row', 3]],
  },
  'usage-alert': { title: 'Unusual usage', figures: [] },
};
export const KIND_OPTIONS = Object.entries(KINDS).map(([kind, { title }]) => [kind, title] as const);

export type Figures = Readonly<Record<string, string>>;

export const firstFigures = (kind: Kind): Figures =>
  Object.fromEntries(KINDS[kind].figures.map(([name, , first]) => [name, String(first)]));

export const figuresOf = (condition: Condition): Figures =>
  Object.fromEntries(
    KINDS[condition.kind].figures.map(([name]) => [name, String((condition as Record<string, unknown>)[name])]),
  );

/** Without alerts an unusual usage is any of them. */
export const conditionOf = (kind: Kind, figures: Figures): Condition =>
  ({
    kind,
    ...Object.fromEntries(KINDS[kind].figures.map(([name]) => [name, numberOf(figures[name] ?? '')])),
  }) as unknown as Condition;

/** `A trunk lost its registration (for so many seconds: 60)` */
export function conditionText(condition: Condition): string {
  const { title, figures } = KINDS[condition.kind];
  const values = figuresOf(condition);
  const list =
    condition.kind === 'usage-alert'
      ? condition.alerts.map((alert) => USAGE_ALERT_WORDS[alert])
      : figures.map(([name, label]) => `${label.toLowerCase()}: ${values[name]}`);
  return `${title} (${list.join(', ')})`;
}
