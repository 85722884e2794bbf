import type { IncomingMessage, ServerResponse } from 'node:http';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { type IMetricReader, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { bindInstruments } from './metric.otel.js';
import { startProcessMetrics } from './process-metrics.otel.js';

export interface Telemetry {
  /** Answers `GET /metrics` in Prometheus' text format. */
  prometheus(request: IncomingMessage, response: ServerResponse): void;
  /** Sends what is not sent yet, bounded by the exporters' own deadlines. */
  shutdown(): Promise<void>;
}

/**
 * Traces and metrics of this process. Spans are real without any exporter as well, so that a `traceparent` travels from
 * the HTTP request to the bridge and log lines carry it. OTEL_EXPORTER_OTLP_ENDPOINT switches the exporters on (their
 * other settings are OTEL_EXPORTER_OTLP_*); OTEL_TRACES_SAMPLER_ARG is the share of traces kept, 0 to 1.
 */
export function startTelemetry(service: string, env: Readonly<Record<string, string | undefined>>): Telemetry {
  const resource = resourceFromAttributes({
    'service.name': env.OTEL_SERVICE_NAME ?? service,
    'service.namespace': 'trunkmesh',
  });
  const exporting = Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT);

  const spanProcessors: SpanProcessor[] = exporting
    ? [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })]
    : [];
  const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio(env.OTEL_TRACES_SAMPLER_ARG)) });
  const tracers = new TracerProvider({ resource, spanProcessors, sampler });

  // Its own server is not used: /metrics is one of the ops server's three answers.
  const prometheus = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withoutTargetInfo: true,
  });
  const readers: IMetricReader[] = [prometheus];
  if (exporting) readers.push(new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() }));
  const meters = new MeterProvider({ resource, readers });

  const contexts = new AsyncLocalStorageContextManager();
  context.setGlobalContextManager(contexts.enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(tracers);
  metrics.setGlobalMeterProvider(meters);
  bindInstruments(meters.getMeter('trunkmesh'));
  const stopProcessMetrics = startProcessMetrics();

  return {
    prometheus: (request, response) => prometheus.getMetricsRequestHandler(request, response),
    async shutdown() {
      stopProcessMetrics();
      bindInstruments(undefined);
      for (const api of [trace, metrics, propagation, context]) api.disable();
      // A collector that is away must not keep the process from ending.
      await Promise.allSettled([tracers.shutdown(), meters.shutdown()]);
    },
  };
}

function ratio(text: string | undefined): number {
  const value = Number(text ?? 1);
  return value >= 0 && value <= 1 ? value : 1;
}
