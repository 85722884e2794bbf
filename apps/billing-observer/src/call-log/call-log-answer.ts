import type { CallDetail, CallLogGetAnswer, CallLogListAnswer } from '@trunkmesh/contracts/call-log.js';

/** Bytes of a text in UTF-8. */
type Measure = (text: string) => number;

/** The JSON around the summaries, with room for the total. */
const AROUND = 100;

/**
 * A list, made of summaries that are JSON already. As many as fit into `maxBytes`: an answer that is larger than NATS
 * takes would never arrive, and callers choose how long the texts in it are. The asker sees by `total` that there are
 * more, and asks again from there.
 */
export function listAnswer(
  summaries: readonly string[],
  total: number,
  { maxBytes, bytesOf }: { maxBytes: number; bytesOf: Measure },
): string {
  let bytes = AROUND;
  let count = 0;
  for (const summary of summaries) {
    bytes += bytesOf(summary) + 1;
    if (bytes > maxBytes) break;
    count += 1;
  }
  return `{"outcome":"list","calls":[${summaries.slice(0, count).join(',')}],"total":${total}}`;
}

/** What can be left out of a detail that is too large, the least missed first. */
const REDUCTIONS: readonly ((call: CallDetail) => CallDetail)[] = [
  (call) => ({ ...call, timeline: shortened(call.timeline, 100) }),
  (call) => ({
    ...call,
    invite:
      call.invite === null
        ? null
        : {
            ...call.invite,
            headers: call.invite.headers.slice(0, 20).map(([name, value]) => [name.slice(0, 64), value.slice(0, 256)]),
            truncated: true,
          },
  }),
  (call) => ({ ...call, routing: null }),
  (call) => ({
    ...call,
    timeline: shortened(call.timeline, 10),
    invite: null,
    from_number: call.from_number.slice(0, 128),
    to_number: call.to_number.slice(0, 128),
    sip_call_id: null,
    source_address: null,
  }),
];

export function detailAnswer(call: CallDetail, { maxBytes, bytesOf }: { maxBytes: number; bytesOf: Measure }): string {
  let reduced = call;
  for (const reduce of [undefined, ...REDUCTIONS]) {
    reduced = reduce === undefined ? reduced : reduce(reduced);
    const text = JSON.stringify({ outcome: 'call', call: reduced } satisfies CallLogGetAnswer);
    if (bytesOf(text) <= maxBytes) return text;
  }
  return JSON.stringify(failure('unavailable', 'the details of this call are too large to be sent'));
}

/** The beginning and the end of a call tell most. */
function shortened(timeline: CallDetail['timeline'], entries: number): CallDetail['timeline'] {
  if (timeline.length <= entries) return timeline;
  const half = entries / 2;
  const left = timeline.slice(half, -half);
  return [
    ...timeline.slice(0, half),
    { at: left[0]!.at, what: 'timeline-shortened', detail: `${left.length} entries are left out` },
    ...timeline.slice(-half),
  ];
}

export const failure = (code: 'invalid-request' | 'unavailable', message: string) =>
  ({ outcome: 'error', code, message }) as const satisfies CallLogListAnswer;
