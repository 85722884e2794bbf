import { refresh, type Schemas } from '../../api/client.http.js';

export type Channel = Schemas['NotificationChannel'];

/** Channels, rules and deliveries are read again. */
export const refreshNotifications = () => refresh('/api/v1/notifications');
