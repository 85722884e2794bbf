import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

const TRACER = 'trunkmesh';

/** Events and requests always carry W3C Trace Context, whatever OTEL_PROPAGATORS names for HTTP. */
const w3c = new W3CTraceContextPropagator();

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

function parentOf({ parent }: SpanOptions): Context {
  return parent === undefined ? context.active() : w3c.extract(context.active(), { traceparent: parent }, getter);
}

const getter: TextMapGetter<Record<string, string>> = {
  keys: Object.keys,
  get: (carrier, name) => carrier[name],
};

/**
 * The trace that an HTTP request brings, by the propagators of OTEL_PROPAGATORS (default: W3C Trace Context), as a
 * `traceparent`; undefined where it brings none.
 */
export function traceparentOf(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  return traceparentIn(propagation.extract(ROOT_CONTEXT, headers));
}

/**
 * Runs the work inside a span, which ends with it. What it throws is recorded and thrown on; attributes must hold no
 * secret.
 */
export async function withSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T> | T,
): Promise<T> {
  const parent = parentOf(options);
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
  const parent = parentOf(options);
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
  return traceparentIn(context.active());
}

function traceparentIn(of: Context): string | undefined {
  const span = trace.getSpanContext(of);
  if (!span || !isSpanContextValid(span)) return undefined;
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
}
