import { z } from 'zod';
import { timestamp, traceparent, uuid } from './scalar.js';

/**
 * CloudEvents 1.0, structured JSON mode (`application/cloudevents+json`), of one event type.
 * `data.change` is what happened; `data.state` the entity's whole state after it, `null` after a deletion, so that a reader starts from the last event per
 * subject. Both stand inside `data` because CloudEvents allows no objects as extension attributes (ADR 0002).
 * `entityversion` counts an entity's events from 1 without a gap.
 */
export function cloudEvent<Type extends string, Change extends z.ZodType, State extends z.ZodType>(type: Type, change: Change, state: State) {
  return z.object({
    specversion: z.literal('1.0'),
    id: uuid,
    source: z.string(),
    type: z.literal(type),
    subject: z.string(),
    time: timestamp,
    datacontenttype: z.literal('application/json'),
    entityversion: z.number().int().positive(),
    traceparent: traceparent.optional(),
    data: z.object({ change, state }),
  });
}

/** What every event has, whatever its type: enough to store, relay and order it without knowing its type. */
export const anyEvent = cloudEvent('', z.unknown(), z.unknown()).extend({ type: z.string() });
export type AnyEvent = z.infer<typeof anyEvent>;
