import type { NotificationMessage } from '@trunkmesh/contracts/notification.js';

const HEADLINES: Record<NotificationMessage['type'], string> = {
  'notification.test': 'Test message',
  'registration.lost': 'Registration lost',
  'trunk.degraded': 'Trunk degraded',
  'calls.refused': 'Calls refused',
  'quality.low': 'Low audio quality',
  'assistant.unreachable': 'Assistant unreachable',
  'usage.alert': 'Unusual usage',
};

const headline = ({ type, data }: NotificationMessage): string =>
  data.state === 'resolved' ? `Resolved: ${HEADLINES[type]}` : HEADLINES[type];

const leftOut = (suppressed: number): string[] =>
  suppressed === 0 ? [] : [`${suppressed} earlier messages of this rule were left out because of its hourly limit.`];

/** A header must be one line; names of trunks are their organisation's words. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();

export function emailOf(message: NotificationMessage): { subject: string; text: string } {
  const { data } = message;
  const rule = data.rule_name === null ? '' : ` (${data.rule_name})`;
  return {
    subject: oneLine(`[TrunkMesh] ${headline(message)}${rule}`).slice(0, 200),
    text: [
      data.summary,
      '',
      `${data.state === 'resolved' ? 'It began at' : 'Since'} ${data.since}.`,
      ...leftOut(data.suppressed),
      ...(data.rule_name === null ? [] : [`Rule: ${oneLine(data.rule_name)}`]),
      `Organisation: ${data.organization_id}`,
      '',
    ].join('\n'),
  };
}

/** Slack reads `&`, `<` and `>` as markup: a link that somebody named a trunk after must not become one. */
const plain = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

export function slackOf(message: NotificationMessage): { text: string } {
  const lines = [`*${headline(message)}*`, plain(message.data.summary), ...leftOut(message.data.suppressed)];
  return { text: lines.join('\n') };
}
