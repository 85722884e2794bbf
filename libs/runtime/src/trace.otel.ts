import {
  type Attributes,
  context,
  isSpanContextValid,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

const TRACER = 'trunkmesh';

export interface SpanOptions {
  /** W3C `traceparent` of the event or request that this work belongs to; without it the active span is the parent. */
  parent?: string;
  attributes?: Attributes;
  kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
}

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/**
 *  Runs the work inside a span, which ends with it. What it throws is recorded and thrown on; attributes must hold no
 *  secret.
 */
export async function withSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T> | T,
): Promise<T> {
  const parent =
    options.parent === undefined
      ? context.active()
      : propagation.extract(context.active(), { traceparent: options.parent });
  const tracer = trace.getTracer(TRACER);
  return tracer.startActiveSpan(
    name,
    { kind: KINDS[options.kind ?? 'internal'], attributes: options.attributes },
    parent,
    async (span) => {
      try {
        return await work(span);
      } catch (error) {
        // The message alone: a stack or a cause may carry what was sent.
        span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : 'failed' });
        throw error;
      } finally {
        span.end();
      }
    },
  );
}

/** A span of work that is over, for what is done for many at once: the part of each in its own trace. */
export function recordSpan(name: string, options: SpanOptions & { began: number; ended: number }): void {
  const parent =
    options.parent === undefined
      ? context.active()
      : propagation.extract(context.active(), { traceparent: options.parent });
  const span = trace
    .getTracer(TRACER)
    .startSpan(
      name,
      { kind: KINDS[options.kind ?? 'internal'], attributes: options.attributes, startTime: options.began },
      parent,
    );
  span.end(options.ended);
}

/** The active span as it goes into an event or a request, or undefined outside of any. */
export function currentTraceparent(): string | undefined {
  const active = trace.getSpanContext(context.active());
  if (!active || !isSpanContextValid(active)) return undefined;
  return `00-${active.traceId}-${active.spanId}-${active.traceFlags.toString(16).padStart(2, '0')}`;
}
