import { z } from 'zod';
import { timestamp, traceparent, uuid } from './scalar.js';

/** The context attributes of CloudEvents 1.0, structured JSON mode (`application/cloudevents+json`). */
function attributes<Type extends z.ZodType<string>>(type: Type) {
  return {
    specversion: z.literal('1.0').describe('The version of CloudEvents.'),
    id: uuid.describe('The event. A repetition has the same id.'),
    source: z.string().describe('Who wrote the event.'),
    type: type.describe('What happened.'),
    subject: z.string().describe('The NATS subject: what the event is about.'),
    time: timestamp.describe('When the event was written.'),
    datacontenttype: z.literal('application/json').describe('The type of `data`.'),
    traceparent: traceparent.optional().describe('W3C Trace Context.'),
  };
}

/** An event of something that happened and has no versioned entity behind it: a call, a gateway's state. */
export function occurrence<Type extends string, Data extends z.ZodType>(type: Type, data: Data) {
  return z.object({ ...attributes(z.literal(type)), data: data.describe('What happened.') });
}

/**
 * An entity's event. `data.change` is what happened; `data.state` the entity's whole state after it, `null` after a
 * deletion, so that a reader starts from the last event per subject. Both stand inside `data` because CloudEvents
 * allows no objects as extension attributes (ADR 0002). `entityversion` counts an entity's events from 1 without a gap.
 */
export function cloudEvent<Type extends string, Change extends z.ZodType, State extends z.ZodType>(
  type: Type,
  change: Change,
  state: State,
) {
  return z.object({
    ...attributes(z.literal(type)),
    actor: z
      .string()
      .max(64)
      .optional()
      .describe('Who caused it: the id of an API key, `bootstrap` (the operator) or `system`. Absent: not recorded.'),
    actoraddress: z
      .string()
      .max(64)
      .optional()
      .describe('The address that the request came from. Absent: not recorded, or no request.'),
    entityversion: z.number().int().positive().describe("Counts an entity's events from 1 without a gap."),
    data: z
      .object({
        change: change.describe('What happened; its shape depends on the type.'),
        state: state.describe('The whole entity after the event. After a deletion there is none: `null`.'),
      })
      .describe('The event itself.'),
  });
}

/** What every event has, whatever its type: enough to store, relay and order it without knowing its type. */
export const anyEvent = cloudEvent('', z.unknown(), z.unknown()).extend({
  type: z.string().describe('The type.'),
});
export type AnyEvent = z.infer<typeof anyEvent>;
