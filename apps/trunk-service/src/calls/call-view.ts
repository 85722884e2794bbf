import { callDetail, callSummary, type CallDetail, type CallSummary } from '@trunkmesh/contracts/call-log.js';
import { uuid } from '@trunkmesh/contracts/scalar.js';
import { z } from 'zod';
import { callQueue } from './call-queue.pg.js';
import { recordingNames } from './recording-names.js';

/** The names under which the platform's clients know a call, beside ours. */
const platformNames = z.object({
  id: uuid.meta({ description: 'The call. The same as `call_id`.' }),
  assistant_name: z.string().nullable().meta({
    description: "The assistant's name as the organisation's phone numbers have it now; null where none has one.",
  }),
  flow_name: z.string().nullable().meta({
    description: "The flow's name as the organisation's phone numbers have it now; null where none has one.",
  }),
  to_phone_number: z.string().meta({ description: "The organisation's number, whichever side called." }),
  customer_phone_number: z.string().meta({
    description: "The other party's number, whichever side called. See `caller_withheld`.",
  }),
  duration: z.number().nullable().meta({
    description: 'Seconds from the answer to the end, the same as `duration_seconds`; null while the call goes on.',
  }),
  call_meta: z.record(z.string(), z.unknown()).meta({
    description: 'What the platform gave when it started the call. Empty for an inbound call.',
  }),
  total_cost: z.number().nullable().meta({ description: 'Null: the platform bills its own minutes elsewhere.' }),
  telephony_cost: z.number().nullable().meta({
    description: 'Null: the carrier bills the organisation directly, see `carrier_cost`.',
  }),
  cost_currency: z.string().nullable().meta({ description: 'ISO 4217. Null where no cost is known.' }),
});
type PlatformNames = z.infer<typeof platformNames>;

const queue = {
  queue: callQueue
    .nullable()
    .describe('The queue of a trunk with `max_channels` or `max_cps` in which the call waits; null: it does not wait.'),
};

export const callItem = callSummary
  .extend(platformNames.shape)
  .extend(queue)
  .meta({ id: 'Call', description: 'One call of the list.' });
export type CallItem = z.infer<typeof callItem>;

export const callView = callDetail
  .extend(platformNames.shape)
  .extend(recordingNames.shape)
  .extend(queue)
  .extend({
    trace_url: z.url().nullable().describe("The trace in the operator's tracing system; null: it has no address."),
  })
  .meta({ id: 'CallDetail', description: 'Everything that is known of one call.' });

export const callList = z
  .object({
    items: z.array(callItem).meta({ description: 'The calls of this page, newest first.' }),
    total: z.number().int().meta({ description: 'How many calls match, on all pages.' }),
    skip: z.number().int().meta({ description: 'How many calls this page passed over.' }),
    limit: z.number().int().meta({ description: 'How many calls a page holds at most.' }),
  })
  .meta({ id: 'CallList', description: 'A page of calls.' });
export type CallList = z.infer<typeof callList>;

/** What assistants and flows are called, by their id. */
export interface TargetNames {
  assistants: ReadonlyMap<number, string>;
  flows: ReadonlyMap<number, string>;
}

export function withPlatformNames<Call extends CallSummary | CallDetail>(
  call: Call,
  { assistants, flows }: TargetNames,
): Call & PlatformNames {
  const inbound = call.direction === 'inbound';
  const names: PlatformNames = {
    id: call.call_id,
    assistant_name: nameOf(assistants, call.assistant_id),
    flow_name: nameOf(flows, call.flow_id),
    to_phone_number: inbound ? call.to_number : call.from_number,
    customer_phone_number: inbound ? call.from_number : call.to_number,
    duration: call.duration_seconds,
    call_meta: call.call_meta ?? {},
    total_cost: null,
    telephony_cost: null,
    cost_currency: null,
  };
  return { ...call, ...names };
}

/** `template`: TRACE_URL. */
export const traceUrl = (template: string | undefined, traceId: string | null): string | null =>
  template === undefined || traceId === null ? null : template.replaceAll('{trace_id}', traceId);

const nameOf = (names: ReadonlyMap<number, string>, id: number | null) =>
  id === null ? null : (names.get(id) ?? null);
