import { publishCallEvents } from '../call-record/call-log.nats.js';
import type { Agent } from '../bridge/agent.process.js';
import { recordingSettings } from '../config.js';
import { statusOfChange } from '../customer/call-status.js';
import type { EndpointOf, StatusOutbox } from '../customer/status-outbox.http.js';
import type { LiveCallsOptions } from '../live/live-calls-options.net.js';
import { noRecordings } from '../recording/no-recordings.js';
import { observeRecordings } from '../recording/recording-metrics.otel.js';
import { StoredRecordings, type Recordings } from '../recording/recordings.fs.js';
import { callTreatment } from '../route/call-treatment.js';
import type { Routing } from '../route/routing.js';

/** Calls go on where recording is impossible. */
export async function openRecordings(
  { config, link, logger }: Agent,
  isLive: (callId: string) => boolean,
): Promise<Recordings> {
  const settings = recordingSettings(config);
  try {
    return await StoredRecordings.start({ ...settings, publish: publishCallEvents(link), isLive, logger });
  } catch (error) {
    logger.error({ err: error }, 'cannot record calls on this bridge; calls continue without a recording');
    const why = error instanceof Error ? error.message : String(error);
    const none = noRecordings(`this bridge cannot record: its folder for recordings cannot be used (${why})`);
    const stopObserving = observeRecordings(none);
    return { ...none, stop: () => Promise.resolve(stopObserving()) };
  }
}

/** Where a call's statuses go: the number's or organisation's URL, or else the operator's. */
export function statusEndpoints({ local, mesh, reveal }: Pick<Routing, 'local' | 'mesh' | 'reveal'>): EndpointOf {
  return (organizationId, numberId) => {
    const settings = local.customerSettingsOf(organizationId, numberId);
    if (settings === undefined) return 'not-known-yet';
    const { status } = callTreatment(settings, mesh);
    return status && { ...status, secret: status.secret && reveal(status.secret) };
  };
}

export function reportTo(statuses: StatusOutbox): LiveCallsOptions['tell'] {
  return async (change) => {
    const draft = statusOfChange(change);
    if (draft !== undefined) await statuses.tell(draft);
  };
}
