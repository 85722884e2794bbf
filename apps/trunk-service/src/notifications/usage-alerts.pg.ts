import { usageAlertRaised, type UsageAlert } from '@trunkmesh/contracts/usage-alert.js';
import { uuidv7 } from 'uuidv7';
import type { EventStore } from '../event-store/event-store.pg.js';
import type { StreamMessage } from '../nats/batches.nats.js';
import { MESSAGE_TYPES, type NotificationMessage } from '@trunkmesh/contracts/notification.js';
import { enqueue, notifiedLately } from './outbox.pg.js';

/** Nobody is notified of what is older, for example after an upgrade. */
const LATEST_MS = 86_400_000;

interface Rule {
  id: string;
  name: string;
  channel_ids: string[];
  messages_per_hour: number;
  suppressed: number;
}

/** Messages of usage alerts, by the rules that want them. An alert that is read twice makes its messages once. */
export async function notifyOfAlerts(
  store: EventStore,
  messages: readonly StreamMessage[],
  now: number,
): Promise<void> {
  for (const { value } of messages) {
    const { data: event } = usageAlertRaised.safeParse(value);
    if (event !== undefined && now - Date.parse(event.data.raised_at) < LATEST_MS) await notify(store, event.data);
  }
}

function notify(store: EventStore, alert: UsageAlert): Promise<void> {
  return store.transaction(async (manager) => {
    const rules = (await manager.query(
      `select id, name, channel_ids, messages_per_hour, suppressed from notification_rules
       where organization_id = $1 and enabled and kind = 'usage-alert' and condition->'alerts' ? $2
       order by id for update`,
      [alert.organization_id, alert.rule],
    )) as Rule[];
    const notified = await notifiedLately(
      manager,
      rules.map(({ id }) => id),
    );
    for (const rule of rules) {
      const mayNotify = (notified.get(rule.id) ?? 0) < rule.messages_per_hour;
      const sent = mayNotify && (await enqueue(manager, notificationOf(rule, alert))) > 0;
      if (sent || !mayNotify)
        await manager.query('update notification_rules set suppressed = $2 where id = $1', [
          rule.id,
          sent ? 0 : rule.suppressed + 1,
        ]);
    }
  });
}

function notificationOf({ id, name, channel_ids, suppressed }: Rule, alert: UsageAlert) {
  const { organization_id, trunk_id, message: summary, period_from, raised_at } = alert;
  const message: NotificationMessage = {
    type: MESSAGE_TYPES['usage-alert'],
    timestamp: raised_at,
    data: {
      notification_id: uuidv7(),
      state: 'alert',
      organization_id,
      rule_id: id,
      rule_name: name,
      trunk_id,
      since: period_from,
      summary,
      suppressed,
      details: alert,
    },
  };
  return { organization_id, rule_id: id, channel_ids, message, begins: true, source: alert.alert_id };
}
