import { counter, gauge, histogram } from '@trunkmesh/runtime/metric.otel.js';

export const reloads = counter(
  'trunkmesh_freeswitch_reloads_total',
  "Reloads of FreeSWITCH's configuration, by kind (rescan, reloadAcl) and outcome",
);
export const reloadSeconds = histogram('trunkmesh_freeswitch_reload_seconds', 'How long a reload took');
export const refusals = counter('trunkmesh_refused_invites_total', "INVITEs that FreeSWITCH's access list refused");

export interface GatewayFigures {
  byState(): Record<string, number>;
  drift(): number;
  /** Events of the log that FreeSWITCH does not have yet. */
  behind(): number;
}

export function observeGateways(figures: GatewayFigures): () => void {
  const stops = [
    gauge('trunkmesh_gateways', 'Gateways of this bridge by state', () =>
      Object.entries(figures.byState()).map(([state, value]) => ({ value, attributes: { state } })),
    ),
    gauge('trunkmesh_gateway_drift', 'Trunks whose state in FreeSWITCH differs from the desired state', figures.drift),
    gauge(
      'trunkmesh_gateway_positions_behind',
      'Log positions between the latest known event and the state in FreeSWITCH',
      figures.behind,
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
