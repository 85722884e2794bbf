import type { CallContinued } from '@trunkmesh/contracts/call-attempts.js';
import { callParties } from '@trunkmesh/contracts/call-parties.js';
import type { CallStarted } from '@trunkmesh/contracts/call.js';

/** A bridge goes on with an outbound call. `started`: as if the call had begun on that bridge. */
export function continuedEvent(
  { subject, source, traceparent, data }: CallStarted,
  { from_bridge, attempts }: { from_bridge: string; attempts: readonly unknown[] },
  { id, at }: { id: string; at: Date },
): CallContinued {
  return {
    specversion: '1.0',
    id,
    source,
    type: 'CallContinued',
    subject,
    time: at.toISOString(),
    datacontenttype: 'application/json',
    ...(traceparent === undefined ? {} : { traceparent }),
    data: { ...callParties.parse(data), from_bridge, attempts: attempts.length },
  };
}
