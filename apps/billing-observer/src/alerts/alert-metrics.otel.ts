import { gauge } from '@trunkmesh/runtime/metric.otel.js';
import type { Setbacks } from './setbacks.pg.js';

let setbacks: Setbacks = { organizations: 0, alerts: 0 };
export const noteSetbacks = (now: Setbacks): void => {
  setbacks = now;
};
gauge('trunkmesh_usage_alerts_set_back', 'What failed and is tried again later: organisations, alerts', () => [
  { value: setbacks.organizations, attributes: { what: 'organizations' } },
  { value: setbacks.alerts, attributes: { what: 'alerts' } },
]);
