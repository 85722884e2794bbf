import { jetstream, jetstreamManager, JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { bridgeHeartbeat } from '@trunkmesh/contracts/bridge.js';
import { BRIDGES_BUCKET, CALLS_STREAM, callSubject } from '@trunkmesh/contracts/subjects.js';
import { openBucket } from '@trunkmesh/event-log/bucket.nats.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { DataSource } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { everyOne } from '../every-one.js';
import { lostCalls, noteSeen, type OngoingCall } from './bridge-sightings.pg.js';
import { closingEvent } from './closing-event.js';

export interface LostCallsOptions {
  nc: NatsConnection;
  dataSource: DataSource;
  logger: Logger;
  /** A bridge is lost that has sent no heartbeat for so long: longer than a call lasts. */
  lostMs: number;
}

/** Notes which bridges send heartbeats. */
export async function lookForBridges({ nc, dataSource, logger }: LostCallsOptions, signal: AbortSignal): Promise<void> {
  const bucket = openBucket(nc, { name: BRIDGES_BUCKET, schema: bridgeHeartbeat, logger });
  const heard = await bucket.list(undefined, signal);
  if (heard.size > 0)
    await noteSeen(
      dataSource,
      [...heard.values()].map(({ bridge_id }) => bridge_id),
    );
}

/**
 * Ends the calls of lost bridges and of trunks' tests, and returns their number. The first copy to end a call is the
 * only one.
 * @throws AggregateError what could not be ended, once all others are
 */
export async function closeLostCalls(options: LostCallsOptions, signal?: AbortSignal): Promise<number> {
  const calls = await lostCalls(options.dataSource, options.lostMs);
  return everyOne(calls, { what: 'calls of lost bridges', signal }, async (call) =>
    (await close(call, options)) ? 1 : 0,
  );
}

async function close(call: OngoingCall, { nc, logger }: LostCallsOptions): Promise<boolean> {
  const subject = callSubject(call.organization_id, call.call_id);
  const manager = await jetstreamManager(nc, { checkAPI: false });
  const last = await manager.streams.getMessage(CALLS_STREAM, { last_by_subj: subject });
  const event = last === null ? undefined : closingEvent(call, last.json(), { id: uuidv7(), at: new Date() });
  if (last === null || event === undefined) return false;
  try {
    await jetstream(nc).publish(subject, JSON.stringify(event), { expect: { lastSubjectSequence: last.seq } });
  } catch (error) {
    // Another copy, or the bridge itself, was faster.
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence) return false;
    throw error;
  }
  const { bridge_id: bridge, ended_at } = event.data;
  logger.warn(
    { call_id: call.call_id, bridge, ended_at },
    call.trunk_test ? 'ended the call of a trunk test' : 'ended a call of a lost bridge',
  );
  return true;
}
