import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { CallRecords } from '../call-record/call-records.fs.js';
import type { LiveCalls } from '../live/live-calls.net.js';
import { occupyChannel, type CallLimits } from '../route/call-limits.js';

/** Calls of the previous process: they occupy their trunks' channels until they end. */
export function takeOver(
  callRecords: Pick<CallRecords, 'leftOpen' | 'onRecovered'>,
  { live, limits, logger }: { live: LiveCalls; limits: CallLimits; logger: Logger },
): void {
  for (const { started } of callRecords.leftOpen)
    if (started.data.trunk_id !== null) occupyChannel(limits, started.data.trunk_id, Date.now());
  if (callRecords.leftOpen.length > 0)
    logger.warn(
      { calls: callRecords.leftOpen.length },
      'found calls left open by the previous process; checking them with FreeSWITCH',
    );
  callRecords.onRecovered((recovered) => {
    const { trunk_id: trunkId, call_id: callId } = (recovered.call?.started ?? recovered.final)!.data;
    logger.warn({ call_id: callId, ended: recovered.final !== undefined }, 'recovered a call of the previous process');
    if (recovered.final === undefined && trunkId !== null && !live.has(callId))
      occupyChannel(limits, trunkId, Date.now());
    live.recover(recovered);
  });
}
