import { counter, gauge, histogram } from '@trunkmesh/runtime/metric.otel.js';

export const calls = counter(
  'trunkmesh_calls_total',
  'Inbound calls by outcome (answered, unanswered, refused), reason and who decided',
);
export const setupSeconds = histogram(
  'trunkmesh_call_setup_seconds',
  "From FreeSWITCH's creation of the channel to its answer",
);
export const decisionSeconds = histogram(
  'trunkmesh_call_decision_seconds',
  "From the channel's data to the decision about it, by who decided",
);
export const lostCalls = counter(
  'trunkmesh_calls_reconstructed_total',
  'Calls whose end was not observed because the agent or FreeSWITCH had exited',
);
export const endedBypassingCalls = counter(
  'trunkmesh_bypassing_calls_ended_total',
  'Calls that got around the agent by replacing another call, and were ended',
);

/** Returns how to stop. */
export function observeCalls(figures: { live(): number; unconfirmed(): number }): () => void {
  const stops = [
    gauge('trunkmesh_calls_live', 'Calls in progress', () => figures.live()),
    gauge(
      'trunkmesh_call_records_unconfirmed',
      'Call records that billing-observer has not confirmed, on disk or waiting for it',
      () => figures.unconfirmed(),
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
