/** What has no events, and is in the history all the same. */
export type PlainKind = 'api-key' | 'notification-channel' | 'notification-rule';

export const PLAIN_CHANGE_TYPES = {
  ApiKeyCreated: 'api-key',
  ApiKeyRevoked: 'api-key',
  NotificationChannelCreated: 'notification-channel',
  NotificationChannelUpdated: 'notification-channel',
  NotificationChannelDeleted: 'notification-channel',
  NotificationRecipientUnsubscribed: 'notification-channel',
  NotificationRecipientSubscribedAgain: 'notification-channel',
  NotificationRuleCreated: 'notification-rule',
  NotificationRuleUpdated: 'notification-rule',
  NotificationRuleDeleted: 'notification-rule',
} as const satisfies Record<string, PlainKind>;
export type PlainChangeType = keyof typeof PLAIN_CHANGE_TYPES;
